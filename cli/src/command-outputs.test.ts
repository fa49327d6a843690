import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse, parseAllDocuments } from 'yaml';
import { SAGE_IMPORTER } from '../../core/src/testing/sage.ts';
import { program } from './program.ts';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';
import { ANY_TYPE, referenceCommands } from './testing/command-tree.ts';

const schemas = fileURLToPath(new URL('../../docs/schemas', import.meta.url));
/** Every key has to be in the schema. */
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });

function schemaOf(name: string): ValidateFunction {
  return ajv.compile(JSON.parse(readFileSync(join(schemas, `${name}.json`), 'utf8')) as object);
}

let project: CliProject;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  project.write(
    'wine.mjs',
    `import { activeRun, pipeline, step } from '@mortise/core';
const load = step('load', async () => ({ rows: [1, 2, 3], when: new Date(0), big: 2n ** 70n }));
const each = step('each', async ({ n, name }) => n * 2);
const numbers = step('numbers', async () => [1, 2]);
const train = step('train', { experimentTracker: true, settings: { 'experiment-tracker': { group: 'wine', tags: { made: 'here' } } } }, async ({ data, rate }) => {
  const run = activeRun();
  console.log('on', data.rows.length);
  console.error('careful');
  run.logParams({ rate });
  run.logMetrics({ loss: rate, worst: NaN, top: Infinity });
  run.setTags({ kind: 'red' });
  run.setNote('# a note');
  run.logJson('report', { deep: [1, { x: null }] });
  run.logTable('rows', [{ a: 1, b: 'x' }]);
  await run.logArtifact(new Uint8Array([1, 2]), { path: 'model/bytes.bin' });
  return { loss: rate };
});
const flaky = step('flaky', { retry: { retries: 1 }, experimentTracker: true }, async () => { throw new RangeError('no wine left'); });
const after = step('after', async ({ from }) => from);
export const wine = pipeline('wine', { params: { rate: 0.5 } }, ({ rate }) => {
  each.map({ n: numbers() }, { name: 'x' });
  return train({ data: load(), rate });
});
export const failing = pipeline('failing', () => after({ from: flaky() }));
`,
  );
  // Of a third party: one that prints whenever its code runs, one that throws since it was registered, one without a schema that describes itself.
  project.write(
    'noisy.js',
    `import { defineFlavor } from '@mortise/core';
     console.log('{ imported');
     const schema = { '~standard': { version: 1, vendor: 'mine', validate: (value) => (console.log('validated'), { value }) } };
     export default defineFlavor({ apiVersion: 1, type: 'alerter', name: 'noisy', secrets: ['token'], docs: 'https://noisy.example', config: async () => schema,
       settings: async () => schema, checkStack: () => void console.log('asked'),
       load: async () => ({ create: async () => { console.log('made'); process.stdout.write('no end of line');
         return { send: async () => {}, check: async () => console.info('checked'), [Symbol.asyncDispose]: async () => console.log('gone') }; } }) });`,
  );
  const brokenFlavor = (top: string): string =>
    project.write(
      'broken.js',
      `import { defineFlavor } from '@mortise/core'; ${top}
       export default defineFlavor({ apiVersion: 1, type: 'alerter', name: 'broken', load: async () => ({ create: async () => ({ send: async () => {} }) }) });`,
    );
  brokenFlavor('');
  project.write('sage.mjs', SAGE_IMPORTER);
  project.write('kept.json', JSON.stringify([{ id: 'a' }, { id: 'b', outcome: null }]));
  const setUp = [
    ['init'],
    ['alerter', 'flavor', 'register', './noisy.js'],
    ['alerter', 'flavor', 'register', './broken.js'],
    ['alerter', 'register', 'loud', '--flavor=noisy', '--volume=11', '--token=not-a-secret-any-more', '--force'],
    ['alerter', 'register', 'torn', '--flavor=broken'],
    ['stack', 'register', 'noise', '-o', 'default', '-a', 'default', '-al', 'loud'],
    ['stack', 'register', 'ruin', '-o', 'default', '-a', 'default', '-al', 'torn', '-al', 'loud'],
    ['alerter', 'register', 'bell', '--flavor=console', '--label', 'kind=loud'],
    ['artifact-store', 'register', 'shelf', '--flavor=local', '--path=./shelf'],
    ['stack', 'register', 'laptop', '-o', 'default', '-a', 'shelf', '-e', 'default', '-al', 'bell', '--label', 'tier=1', '--set'],
    ['stack', 'update', 'laptop', '--label', 'tier=2'],
    ['secret', 'create', 'cellar', '--from-file', 'key=./package.json'],
    ['run', 'wine.mjs#wine', '--name', 'first'],
    ['run', 'wine.mjs#wine', '--name', 'cached'],
  ];
  for (const args of setUp) expect({ args, ...(await mortise(...args)) }).toMatchObject({ args, code: 0 });
  brokenFlavor("throw new Error('no licence')");
  await mortise('alerter', 'flavor', 'refresh', 'broken');
  await mortise('run', 'wine.mjs#failing', '--name', 'fails', '--execution-mode', 'continue-on-failure');
});
afterAll(() => project.remove());

const mortise = (...args: string[]) => project.mortise(args, { env: { XDG_CONFIG_HOME: join(project.folder, '.config') } });

/** How each command that reads is called here, by the name of its schema: with what is full, and with what is empty. */
const CALLS: Record<string, string[]> = {
  'runs-list': ['runs list', 'runs list --status killed', 'runs list --limit 1'],
  'runs-show': ['runs show first', 'runs show cached', 'runs show fails'],
  'runs-logs': ['runs logs first', 'runs logs cached'],
  'stack-get': ['stack get'],
  'stack-list': ['stack list', 'stack list --name nothing', 'stack list --limit 1'],
  'stack-describe': ['stack describe default', 'stack describe laptop', 'stack describe ruin'],
  'stack-validate': ['stack validate laptop', 'stack validate noise', 'stack validate ruin'],
  'component-list': ['alerter list', 'artifact-store list', 'orchestrator list', 'experiment-tracker list --name nothing'],
  'component-get': ['alerter get', 'experiment-tracker get'],
  'component-describe': ['artifact-store describe shelf', 'alerter describe bell', 'alerter describe loud', 'alerter describe torn'],
  'component-flavor-list': [
    'alerter flavor list',
    'artifact-store flavor list',
    'orchestrator flavor list',
    'experiment-tracker flavor list',
  ],
  'component-flavor-describe': [
    'artifact-store flavor describe local',
    'alerter flavor describe console',
    'alerter flavor describe noisy',
    'alerter flavor describe broken',
  ],
  'secret-get': ['secret get cellar', 'secret get cellar --reveal'],
  'secret-list': ['secret list'],
  'tracker-status': ['tracker status'],
  'tracker-deliver': ['tracker deliver', 'tracker deliver --runs first --to default'],
  gc: ['gc --dry-run'],
  import: ['import ./sage.mjs kept.json --dry-run'],
  status: ['status'],
};

const reading = referenceCommands(program()).filter(({ command }) => command.options.some(({ long }) => long === '--output'));

describe('every command that reads', () => {
  it.each(reading)('is called here: $name', ({ name }) => {
    expect(CALLS).toHaveProperty(name.replace(ANY_TYPE, 'component').replaceAll(' ', '-'));
  });
});

describe.each(Object.entries(CALLS))('%s', (name, calls) => {
  it.each(calls)('--output json has the shape of its schema, and YAML says the same: %s', async (call) => {
    const validate = schemaOf(name);
    const given = (format: string): ReturnType<typeof mortise> => mortise(...call.split(' '), '--output', format);
    // Of two deliveries at once the second one leaves it to the first.
    const [json, yaml] =
      name === 'tracker-deliver' ? [await given('json'), await given('yaml')] : await Promise.all(['json', 'yaml'].map(given));
    const code = FAILS.has(call) ? 1 : 0;
    const stderr = PRINTS.has(call) ? (expect.stringContaining('checked\n') as unknown) : code === 0 ? '' : (expect.any(String) as unknown);
    expect([json, yaml]).toEqual([json, yaml].map((each) => ({ ...each, code, stderr })));
    const values = valuesOf(name, json!.stdout);
    for (const value of values) {
      validate(value);
      expect(validate.errors ?? []).toEqual([]);
    }
    const inYaml =
      name === 'runs-logs' ? parseAllDocuments(yaml!.stdout).map((each) => each.toJS() as unknown) : [parse(yaml!.stdout) as unknown];
    if (VARIES.has(name)) expect(inYaml.map(keysOf)).toEqual(values.map(keysOf));
    else expect(inYaml).toEqual(values);
  });
});

/** Calls that end with 1 because of what they say. */
const FAILS = new Set(['stack validate ruin']);
/** Calls that run code which prints. */
const PRINTS = new Set(['stack validate noise', 'stack validate ruin']);
/** Commands whose answer is another each time. */
const VARIES = new Set(['stack-validate', 'tracker-deliver']);
const keysOf = (value: unknown): string[] => Object.keys(value as object);

/** `runs logs` prints one object a line. */
function valuesOf(name: string, text: string): unknown[] {
  if (name !== 'runs-logs') return [JSON.parse(text) as unknown];
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

describe('the schema', () => {
  it('of a plan is that of the plans of pipelines', () => {
    const validate = schemaOf('pipeline-spec');
    project.write(
      'plans.mjs',
      `import { failing, wine } from './wine.mjs';
       for (const pipeline of [wine, failing]) console.log(JSON.stringify((await pipeline.compile()).spec));`,
    );
    const plans = execFileSync(process.execPath, ['plans.mjs'], { cwd: project.folder, encoding: 'utf8' }).trim().split('\n');
    expect(plans).toHaveLength(2);
    for (const plan of plans) {
      validate(JSON.parse(plan));
      expect(validate.errors ?? []).toEqual([]);
    }
  });

  it('is red at a key that it does not know', async () => {
    const validate = schemaOf('status');
    const status = await project.json<Record<string, unknown>>('status');
    expect(validate(status)).toBe(true);
    expect(validate({ ...status, news: 1 })).toBe(false);
  });
});
