import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { buildCommand, cliProject, type CliProject, type CommandResult } from './testing/cli-project.ts';
import { loudTracker } from './testing/loud-tracker.ts';

const TOKEN = 'tok-1a2b3c4d5e6f';
const NEW_TOKEN = 'tok-6f5e4d3c2b1a';
const BAD_TOKEN = 'bad-9z8y7x6w5v4u';
/** Secrets may be anything, also words that records are made of. */
const WORDS = [
  'status',
  'failed',
  'name',
  'message',
  'error',
  'kind',
  'values',
  'completed',
  'id',
  'url',
  'text',
  'stack',
  'params',
  'json',
];

let project: CliProject;
let keys: string;

const pipelines = `
import { existsSync, readFileSync } from 'node:fs';
import { activeRun, notify, pipeline, step } from '@mortise/core';

const log = () => {
  const run = activeRun();
  run.logParams({ rate: 1 });
  run.setTags({ tag: 'x' });
  run.logMetric('loss', 0.5);
  run.logTable('table', [{ a: 1 }]);
};
const good = step('good', { experimentTracker: true }, async () => log());
const bad = step('bad', { experimentTracker: true, onFailure: notify() }, async ({ after }) => {
  log();
  throw new TypeError('no convergence');
});
export const words = pipeline('words', { params: { given: 'x' } }, () => { bad({ after: good() }); });

const wait = step('wait', { experimentTracker: true }, async () => {
  console.log('waiting');
  while (!existsSync('rotated')) await new Promise((resolve) => setTimeout(resolve, 20));
});
const tell = step('tell', { experimentTracker: true, settings: { 'experiment-tracker': { note: '{{secret.turned.token}}' } } }, async ({ after }) => {
  await activeRun().env();
  const token = readFileSync('rotated', 'utf8');
  activeRun().logParams({ token });
  activeRun().setNote('a note with ' + token);
  console.log('printed ' + token);
});
export const turning = pipeline('turning', () => { tell({ after: wait() }); });

const key = step('key', async () => {
  console.log('printed ' + process.env.MORTISE_SECRET_KEY);
  throw new Error('with ' + process.env.MORTISE_SECRET_KEY);
});
export const keyed = pipeline('keyed', () => { key(); });
`;

const script = `
import { inspect } from 'node:util';
import { Client } from '@mortise/core';
import { words } from './pipelines.mjs';
const thrown = async (work) => work().then(() => 'nothing', (error) => error);
const told = [await thrown(() => words.run({}, { stack: process.argv[2] }))];
const client = new Client();
told.push(await thrown(() => client.registerComponent({ type: 'experiment-tracker', name: 'x', flavor: 'loud', config: { token: '${BAD_TOKEN}' } }, { allowPlainSecrets: true })));
await client.close();
console.log(inspect(told, { depth: 20, showHidden: true }));
`;

/** Runs a command with the user's own keys. */
function mortise(args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> {
  return project.mortise(args, { env: { XDG_CONFIG_HOME: keys, ...env } });
}

async function mustSucceed(args: readonly string[], env?: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await mortise(args, env);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

/** A stack with a loud tracker of this token. */
async function stackWith(name: string, token: string): Promise<void> {
  await mustSucceed(['experiment-tracker', 'register', name, '--flavor=loud', `--token=${token}`]);
  await mustSucceed(['stack', 'register', name, '-o', 'default', '-a', 'default', '-e', name]);
}

function filesWith(secret: string): string[] {
  return readdirSync(project.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(secret))
    .map(({ name }) => name);
}

beforeAll(async () => {
  buildCommand();
  keys = mkdtempSync(join(tmpdir(), 'mortise-keys-'));
  project = cliProject();
  project.write('loud.mjs', loudTracker);
  project.write('pipelines.mjs', pipelines);
  project.write('script.mjs', script);
  await mustSucceed(['init']);
  await mustSucceed(['experiment-tracker', 'flavor', 'register', './loud.mjs']);
  await mustSucceed(['secret', 'create', 'vendor', '--from-env', 'token=TOKEN'], { TOKEN });
  await stackWith('loud', '{{secret.vendor.token}}');
});

afterAll(() => {
  project.remove();
  rmSync(keys, { recursive: true, force: true });
});

describe.each(['inline', 'process'])('where secrets are words that records are made of, with isolation "%s"', (isolation) => {
  const stack = `words-${isolation}`;

  it('a run fails as it should, is shown, and is delivered', async () => {
    await mustSucceed(
      ['secret', 'create', stack, ...WORDS.flatMap((word) => ['--from-env', `${word}=${word}`])],
      Object.fromEntries(WORDS.map((word) => [word, word])),
    );
    await stackWith(stack, WORDS.map((word) => `{{secret.${stack}.${word}}}`).join(''));
    const run = ['run', 'pipelines.mjs#words', '--stack', stack, '--name', `r-${isolation}`, '--isolation', isolation, '--no-cache'];
    const failed = await mortise(run, { DOWN: '1' });
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stdout + failed.stderr).not.toContain('INTERNAL');
    const shown = JSON.parse(await mustSucceed(['runs', 'show', `r-${isolation}`, '--output', 'json'])) as object;
    expect(shown).toMatchObject({
      status: 'failed',
      params: { given: 'x' },
      steps: {
        good: { status: 'completed', tracker: { params: { rate: 1 }, tags: { tag: 'x' } } },
        bad: { status: 'failed', error: { message: 'no convergence' } },
      },
    });
    await mustSucceed(['tracker', 'deliver', '--patience', '5']);
    const { items } = JSON.parse(await mustSucceed(['tracker', 'status', '--output', 'json'])) as { items: object[] };
    expect(items).toContainEqual({
      component: stack,
      flavor: 'loud',
      trackerRuns: 0,
      events: 0,
      refused: [],
      setAside: [],
      lastError: null,
    });
    const told = readFileSync(join(project.folder, 'told.txt'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { what: string; told: unknown });
    const closings = told.filter(({ what }) => what === 'closing').slice(-3);
    expect(closings.map((each) => each.told)).toEqual(
      expect.arrayContaining([
        { status: 'completed' },
        { status: 'failed', error: expect.objectContaining({ name: 'TypeError', message: 'no convergence' }) },
      ]),
    );
    expect(told.flatMap((each) => (each.what === 'delivering' ? each.told : []))).toContainEqual(
      expect.objectContaining({ kind: 'json', name: 'table', value: { columns: ['a'], data: [[1]] } }),
    );
    const validated = await mustSucceed(['stack', 'validate', stack, '--output', 'json']);
    expect(JSON.parse(validated.slice(validated.indexOf('{\n')))).toMatchObject({ stack, ok: true });
  });
});

it('what a flavor prints outside of steps and hooks is masked', async () => {
  const outputs = [
    await mortise(['run', 'pipelines.mjs#words', '--stack', 'loud'], { DOWN: '1' }),
    await mortise(['tracker', 'deliver', '--patience', '5']),
    await mortise(['stack', 'validate', 'loud']),
  ].map(({ stdout, stderr }) => stdout + stderr);
  for (const what of ['opening', 'leaving']) expect(outputs[0]).toContain(`${what} with ***`);
  for (const what of ['opening', 'delivering', 'closing', 'leaving']) expect(outputs[1]).toContain(`${what} with ***`);
  expect(outputs[1]).toContain("what: 'closing', token: '***'");
  expect(outputs[1]).toContain('closing in bytes: ***');
  for (const what of ['checking', 'leaving']) expect(outputs[2]).toContain(`${what} with ***`);
  expect(outputs.filter((output) => output.includes(TOKEN))).toEqual([]);
});

it('errors that are thrown to a program say nothing of a token, whatever their cause', async () => {
  const env = { ...process.env, XDG_CONFIG_HOME: keys, BROKEN: '1' };
  const { stdout } = await promisify(execFile)(process.execPath, ['script.mjs', 'loud'], { cwd: project.folder, env });
  expect(stdout).toMatch(/FLAVOR_BROKEN/);
  expect(stdout).toContain('cannot use ***');
  expect(stdout).toContain('nor ***');
  expect(stdout).toMatch(/CONFIG_WRONG_TYPE/);
  expect(stdout).toContain('refuses "***"');
  for (const token of [TOKEN, BAD_TOKEN]) expect(stdout).not.toContain(token);
});

it('a value that a schema refuses is not repeated, though it was given in clear text', async () => {
  const refused = await mortise(['experiment-tracker', 'register', 'y', '--flavor=loud', '--force', `--token=${BAD_TOKEN}`, '--verbose']);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error CONFIG_WRONG_TYPE: .*refuses "\*\*\*"/) });
  expect(refused.stdout + refused.stderr).not.toContain(BAD_TOKEN);
});

it.each(['inline', 'process'])('a secret that is changed while a run goes is nowhere, with isolation "%s"', async (isolation) => {
  const name = `turned-${isolation}`;
  rmSync(join(project.folder, 'rotated'), { force: true });
  await mortise(['secret', 'delete', 'turned']);
  await mustSucceed(['secret', 'create', 'turned', '--from-env', 'token=TOKEN'], { TOKEN: 'tok-before-0000' });
  let changed: Promise<void> | undefined;
  const change = async (): Promise<void> => {
    await mustSucceed(['secret', 'update', 'turned', '--from-env', 'token=TOKEN'], { TOKEN: NEW_TOKEN });
    project.write('rotated', NEW_TOKEN);
  };
  const { code, stdout, stderr } = await project.mortise(
    ['run', 'pipelines.mjs#turning', '--stack', 'loud', '--name', name, '--no-cache', '--isolation', isolation],
    {
      env: { XDG_CONFIG_HOME: keys },
      started({ stdout: out }) {
        out!.on('data', (text) => {
          if (String(text).includes('waiting')) changed ??= change();
        });
      },
    },
  );
  await changed;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('printed ***');
  expect(stdout + stderr).not.toContain(NEW_TOKEN);
  rmSync(join(project.folder, 'rotated'));
  expect(filesWith(NEW_TOKEN)).toEqual([]);
});

it.each(['inline', 'process'])(
  'the key that secrets are sealed with is masked too, where none is read, with isolation "%s"',
  async (isolation) => {
    const MORTISE_SECRET_KEY = 'q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq80=';
    const run = ['run', 'pipelines.mjs#keyed', '--isolation', isolation, '--no-cache', '--verbose'];
    const { code, stdout, stderr } = await mortise(run, { MORTISE_SECRET_KEY });
    expect(code).toBe(1);
    expect(stdout).toContain('printed ***');
    expect(stdout + stderr).not.toContain(MORTISE_SECRET_KEY);
    expect(filesWith(MORTISE_SECRET_KEY)).toEqual([]);
  },
);
