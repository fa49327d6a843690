import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ComponentView } from '@mortise/core/client';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

/** An alerter with a config key of each kind. */
const KINDS = `
import { defineFlavor } from '@mortise/core';
const properties = { text: { type: 'string' }, loud: { type: 'boolean' }, temp: { type: 'number' }, list: { type: 'array' }, label: { type: 'string' }, 'api-url': { type: 'string' } };
const fits = { text: (v) => typeof v === 'string', loud: (v) => typeof v === 'boolean', temp: (v) => typeof v === 'number', list: Array.isArray, label: (v) => typeof v === 'string', 'api-url': (v) => typeof v === 'string' };
const schema = { '~standard': { version: 1, vendor: 'mine',
  validate: (value) => {
    const issues = Object.keys(value).filter((key) => !fits[key](value[key])).map((key) => ({ message: 'must be a ' + properties[key].type, path: [key] }));
    return issues.length > 0 ? { issues } : { value };
  },
  jsonSchema: { input: () => ({ type: 'object', properties, additionalProperties: false }) } } };
export default defineFlavor({ apiVersion: 1, type: 'alerter', name: 'kinds', config: async () => schema,
  load: async () => ({ create: async () => ({ send: async () => {} }) }) });
`;

let project: CliProject;
let registered: string;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  await project.mortise(['init']);
  project.write('kinds.js', KINDS);
  registered = (await project.mortise(['alerter', 'flavor', 'register', './kinds.js'])).stdout;
  expect(await project.mortise(['alerter', 'register', 'old', '--flavor=kinds'])).toMatchObject({ code: 0 });
});
afterAll(() => project.remove());

let count = 0;
async function stored(...options: string[]): Promise<ComponentView['config']> {
  const name = `bell${(count += 1)}`;
  expect(await project.mortise(['alerter', 'register', name, '--flavor=kinds', ...options])).toMatchObject({ code: 0, stderr: '' });
  return (await project.json<ComponentView>('alerter', 'describe', name)).config;
}

/** Each is refused where a component is registered, and where it is changed. */
async function refused(options: string[], line: RegExp): Promise<void> {
  for (const args of [
    ['register', 'new', '--flavor=kinds'],
    ['update', 'old'],
  ]) {
    const { code, stderr } = await project.mortise(['alerter', ...args, ...options]);
    expect({ args, code, stderr }).toEqual({ args, code: 1, stderr: expect.stringMatching(/^error [A-Z_]+: [^\n]+\n$/) });
    expect(stderr).toMatch(line);
  }
  expect((await project.json<ComponentView>('alerter', 'describe', 'old')).config).toEqual({});
}

it('a key that has a hyphen in the schema is set, changed and removed under its own name', async () => {
  expect(await stored('--api-url=http://here')).toEqual({ 'api-url': 'http://here' });
  const name = `bell${count}`;
  const edited = async (...args: string[]) => {
    expect(await project.mortise(['alerter', ...args])).toMatchObject({ code: 0, stderr: '' });
    return (await project.json<ComponentView>('alerter', 'describe', name)).config;
  };
  expect(await edited('update', name, '--api-url', 'http://there')).toEqual({ 'api-url': 'http://there' });
  expect(await edited('remove-attribute', name, 'api-url')).toEqual({});
});

describe('an option that is given twice', () => {
  it('makes a list where the flavor takes one', async () => {
    expect(await stored('--list=a', '--list', 'b,c', '--list=d')).toEqual({ list: ['a', 'b,c', 'd'] });
  });

  it('is a mistake where the flavor takes one value, and so is a label', async () => {
    await refused(['--text=a', '--text=b'], /BAD_USAGE: --text is given 2 times, and takes one value/);
    await refused(['--label', 'a=1', '--label=a=2'], /BAD_USAGE: --label names "a" twice/);
  });

  it('is a mistake where it is a label of a stack, or a param', async () => {
    const stack = ['stack', 'register', 's', '-o', 'default', '-a', 'default', '--label', 'a=1', '--label=a=2'];
    expect((await project.mortise(stack)).stderr).toMatch(/^error BAD_USAGE: --label names "a" twice/);
    project.write(
      'p.mjs',
      `import { pipeline, step } from '@mortise/core'; export const p = pipeline('p', { params: { n: 1 } }, ({ n }) => step('s', async () => n)({ n }));`,
    );
    expect((await project.mortise(['run', 'p.mjs', '-p', 'n=1', '-p', 'n=2'])).stderr).toMatch(/^error BAD_USAGE: --param names "n" twice/);
  });
});

describe('the value of a config key', () => {
  it('may be left out only where it is true or false', async () => {
    expect(await stored('--loud', '--text=x')).toEqual({ loud: true, text: 'x' });
    await refused(['--text'], /BAD_USAGE: --text has no value.*--text=/);
    await refused(['--temp'], /BAD_USAGE: --temp has no value/);
  });

  it('may be a negative number, with "=" or without', async () => {
    expect(await stored('--temp=-1.5')).toEqual({ temp: -1.5 });
    expect(await stored('--temp', '-1.5')).toEqual({ temp: -1.5 });
    expect(await stored('--temp', '-2e-1', '--loud')).toEqual({ temp: -0.2, loud: true });
  });

  it('is not a whole number that would become another one, and is such a text', async () => {
    await refused(['--temp=9007199254740993'], /CONFIG_WRONG_TYPE: config key "temp" .*9007199254740993 .*exactly/);
    expect(await stored('--text=9007199254740993', '--temp=9007199254740991', '--list=7')).toEqual({ text: '9007199254740993', temp: 9007199254740991, list: ['7'] }); // prettier-ignore
  });

  it('of a key that an option of the command hides is said when the flavor is registered', () => {
    expect(registered).toContain('note: the config key "label" cannot be given on the command line, which has an option of that name\n');
  });
});
