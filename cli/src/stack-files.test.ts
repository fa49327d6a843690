import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Listing, PipelineRun, StackDocument, StackView } from '@mortise/core/client';
import { parse, stringify } from 'yaml';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

/** A tracker that keeps a CSV file, as a third party would publish it. */
const CSV_TRACKER = `
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineFlavor } from '@mortise/core';

const capabilities = { ids: 'client', step: 'decimal', monotonicStep: false, metricContext: 'native', nesting: 'group', artifacts: 'none',
  reopen: true, offline: true, failure: 'status', redelivery: 'dedup' };
const schema = { '~standard': { version: 1, vendor: 'mine',
  validate: (value) => {
    const issues = Object.keys(value).filter((key) => !['file', 'token', 'region'].includes(key)).map((key) => ({ message: 'unknown key', path: [key] }));
    return issues.length > 0 ? { issues } : { value };
  },
  jsonSchema: { input: () => ({ type: 'object', properties: { file: { type: 'string' }, token: { type: 'string' }, region: { type: 'string' } }, additionalProperties: false }) } } };

export default defineFlavor({
  apiVersion: 1, type: 'experiment-tracker', name: 'csv', secrets: ['token'], config: async () => schema,
  load: async () => ({
    create: async ({ config, projectRoot }) => {
      const path = join(projectRoot, config.file ?? 'runs.csv');
      const write = (...cells) => appendFileSync(path, cells.join(',') + '\\n');
      return {
        capabilities,
        open: async (id, start) => {
          const ref = { id: id.key, ids: {} };
          write('open', start.name, config.token === undefined ? 'no token' : 'a token of ' + config.token.length, config.region ?? '');
          return {
            ref, native: undefined,
            deliver: async (events) => {
              for (const event of events) if (event.kind === 'metrics') write('metric', ...Object.entries(event.values).flat());
              return { ref, through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])) };
            },
            close: async (outcome) => { write('close', outcome.status); return ref; },
          };
        },
      };
    },
  }),
});
`;
const PIPELINE = `
import { activeRun, pipeline, step } from '@mortise/core';
const train = step('train', { experimentTracker: ['table'] }, async ({ rate }) => { activeRun().logMetric('loss', rate); return rate; });
export const training = pipeline('training', { params: { rate: 0.5 } }, ({ rate }) => train({ rate }));
`;
const TOKEN = 'tok-1234567890-very-secret';

const projects: CliProject[] = [];
function newProject(): CliProject {
  const project = cliProject();
  projects.push(project);
  project.write('train.mjs', PIPELINE);
  return project;
}

/** What npm would do with the package of the flavor. */
function install(project: CliProject, version = '1.0.0'): void {
  project.write(
    'node_modules/mortise-csv/package.json',
    JSON.stringify({ name: 'mortise-csv', version, type: 'module', exports: './index.js' }),
  );
  project.write('node_modules/mortise-csv/index.js', CSV_TRACKER);
}

/** Where each has its own key, as on two machines. */
const mortise = (project: CliProject, ...args: string[]) =>
  project.mortise(args, { env: { XDG_CONFIG_HOME: join(project.folder, '.config'), CSV_TOKEN: TOKEN } });

async function must(project: CliProject, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await mortise(project, ...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

async function refuses(project: CliProject, args: string[], line: RegExp): Promise<void> {
  const { code, stderr } = await mortise(project, ...args);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^error [A-Z_]+: [^\n]+\n$/) });
  expect(stderr).toMatch(line);
}

/** All that an import could have changed. */
const stored = (project: CliProject) =>
  Promise.all(
    ['stack list', 'artifact-store list', 'experiment-tracker list', 'experiment-tracker flavor list'].map((command) =>
      project.json(...command.split(' ')),
    ),
  );

let here: CliProject;
let exported: string;
beforeAll(async () => {
  buildCommand();
  here = newProject();
  install(here);
  await must(here, 'init');
  await must(here, 'secret', 'create', 'csv', '--from-env', 'token=CSV_TOKEN');
  await must(here, 'experiment-tracker', 'flavor', 'register', 'mortise-csv');
  await must(here, 'experiment-tracker', 'register', 'table', '--flavor=csv', '--file=out.csv', '--token={{secret.csv.token}}', '--region={{env.CSV_REGION}}', '--label', 'kind=table'); // prettier-ignore
  await must(here, 'artifact-store', 'register', 'shelf', '--flavor=local', '--path=./shelf');
  await must(here, 'stack', 'register', 'team', '-o', 'default', '-a', 'shelf', '-e', 'table', '-e', 'default', '--label', 'tier=1');
  await must(here, 'stack', 'export', 'team', 'team.yaml');
  exported = readFileSync(join(here.folder, 'team.yaml'), 'utf8');
});
afterAll(() => projects.forEach((project) => project.remove()));

const documentOf = (text: string): StackDocument => parse(text) as StackDocument;

describe('an exported stack', () => {
  it('has its components, flavors, and the names of what they refer to, and no secret', () => {
    expect(documentOf(exported)).toEqual({
      mortise: 1,
      stack: { name: 'team', labels: { tier: '1' } },
      components: [
        { type: 'orchestrator', name: 'default', flavor: 'local', config: {}, labels: {} },
        { type: 'artifact-store', name: 'shelf', flavor: 'local', config: { path: './shelf' }, labels: {} },
        {
          type: 'experiment-tracker',
          name: 'table',
          flavor: 'csv',
          config: { file: 'out.csv', token: '{{secret.csv.token}}', region: '{{env.CSV_REGION}}' },
          labels: { kind: 'table' },
        },
        { type: 'experiment-tracker', name: 'default', flavor: 'local', config: {}, labels: {} },
      ],
      flavors: [{ type: 'experiment-tracker', name: 'csv', source: 'mortise-csv#default', version: '1.0.0' }],
      secrets: [{ name: 'csv', keys: ['token'] }],
      environment: ['CSV_REGION'],
      omitted: [],
    });
    expect(exported).not.toContain(TOKEN);
  });

  it('is the same on stdout, and is that of the active stack without a name', async () => {
    expect(await must(here, 'stack', 'export', 'team')).toBe(exported);
    expect(await must(here, 'stack', 'export', 'team', '-')).toBe(exported);
    expect(documentOf(await must(here, 'stack', 'export')).stack.name).toBe('default');
  });

  it('leaves out a secret that is stored in clear text, and says so', async () => {
    await must(here, 'experiment-tracker', 'register', 'plain', '--flavor=csv', `--token=${TOKEN}`, '--force');
    await must(here, 'stack', 'register', 'open', '-o', 'default', '-a', 'shelf', '-e', 'plain');
    const { stdout, stderr } = await mortise(here, 'stack', 'export', 'open');
    expect(stderr).toBe('left out: "token" of experiment-tracker "plain", which is secret, and no reference\n');
    expect(stdout).not.toContain(TOKEN);
    expect(documentOf(stdout).omitted).toEqual([{ type: 'experiment-tracker', name: 'plain', key: 'token' }]);
    here.write('open.yaml', stdout);
    // Where it came from, the component is still the same one.
    expect(await must(here, 'stack', 'import', 'open.yaml', '--name', 'again')).toContain(
      'experiment-tracker "plain" is here already, and the same',
    );
    const there = newProject();
    install(there);
    await must(there, 'init');
    there.write('open.yaml', stdout);
    expect(await must(there, 'stack', 'import', 'open.yaml')).toContain(
      `warning: "token" of the experiment tracker "plain" is secret and was left out of the file: run "mortise secret create plain token", then "mortise experiment-tracker update plain --token='{{secret.plain.token}}'"\n`,
    );
  });
});

/** An alerter that cannot do without two secrets. */
const DOOR_BELL = `
import { defineFlavor } from '@mortise/core';
const text = { type: 'string' };
const schema = { '~standard': { version: 1, vendor: 'mine',
  validate: (value) => {
    const issues = ['user', 'pass'].filter((key) => value[key] === undefined).map((key) => ({ message: 'is missing', path: [key] }));
    return issues.length > 0 ? { issues } : { value };
  },
  jsonSchema: { input: () => ({ type: 'object', properties: { user: text, pass: text }, required: ['user', 'pass'], additionalProperties: false }) } } };
export default defineFlavor({ apiVersion: 1, type: 'alerter', name: 'door', secrets: ['user', 'pass'], config: async () => schema,
  load: async () => ({ create: async () => ({ send: async () => {} }) }) });
`;

it('a secret that its component cannot do without may be missing in the file: the import says how to set it, and "validate" that it is missing', async () => {
  here.write('door.js', DOOR_BELL);
  await must(here, 'alerter', 'flavor', 'register', './door.js');
  await must(
    here,
    'alerter',
    'register',
    'door',
    '--flavor=door',
    '--user=me-myself',
    '--pass=open-sesame',
    '--force',
    '--label',
    'empty=',
  );
  await must(here, 'stack', 'register', 'house', '-o', 'default', '-a', 'default', '-al', 'door', '--label', 'empty=');
  expect((await mortise(here, 'stack', 'export', 'house', 'house.yaml')).code).toBe(0);
  const there = newProject();
  await must(there, 'init');
  there.write('door.js', DOOR_BELL);
  there.write('house.yaml', readFileSync(join(here.folder, 'house.yaml'), 'utf8'));
  expect(await must(there, 'stack', 'import', 'house.yaml')).toContain(
    `warning: "user", "pass" of the alerter "door" are secret and were left out of the file: run "mortise secret create door user pass", then "mortise alerter update door --user='{{secret.door.user}}' --pass='{{secret.door.pass}}'"\n`,
  );
  expect((await mortise(there, 'stack', 'validate', 'house')).stdout).toMatch(
    /^alerter +door +door +failed .*CONFIG_MISSING_KEY: .*"user"/m,
  );
  // Not yet whole, it can be exported again and comes to a third place as it came here.
  there.write('again.yaml', (await mortise(there, 'stack', 'export', 'house')).stdout);
  expect(documentOf(readFileSync(join(there.folder, 'again.yaml'), 'utf8')).omitted).toHaveLength(2);
  const { code } = await there.mortise(['secret', 'create', 'door', 'user', 'pass'], { env: { XDG_CONFIG_HOME: join(there.folder, '.config') }, input: 'me-myself\nopen-sesame\n' }); // prettier-ignore
  expect(code).toBe(0);
  await must(there, 'alerter', 'update', 'door', '--user={{secret.door.user}}', '--pass={{secret.door.pass}}');
  expect(await must(there, 'stack', 'validate', 'house')).toMatch(/^alerter +door +door +ok/m);
  expect((await there.json<StackView>('stack', 'describe', 'house')).labels).toEqual({ empty: '' });
});

describe('in an empty project elsewhere', () => {
  let there: CliProject;
  beforeEach(async () => {
    there = newProject();
    await must(there, 'init');
    there.write('team.yaml', exported);
  });

  it('the same run works after an import, with the flavor of a third party and secrets of its own', async () => {
    install(there);
    const printed = await must(there, 'stack', 'import', 'team.yaml');
    expect(printed.split('\n')[0]).toBe(
      `loading mortise-csv#default 1.0.0 (runs ${join(there.folder, 'node_modules/mortise-csv/index.js')})`,
    );
    expect(printed).toContain('orchestrator "default" is here already, and the same\n');
    expect(printed).toMatch(/^warning: .*\{\{secret\.csv\.token\}\}/m);
    expect(printed).toMatch(/^warning: .*CSV_REGION/m);
    await must(there, 'secret', 'create', 'csv', '--from-env', 'token=CSV_TOKEN');
    await must(there, 'stack', 'set', 'team');
    for (const project of [here, there]) {
      const args = ['run', 'train.mjs', '--stack', 'team', '--name', 'same', '--param', 'rate=0.25'];
      const { code, stderr } = await project.mortise(args, {
        env: { XDG_CONFIG_HOME: join(project.folder, '.config'), CSV_REGION: 'north' },
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
    const csv = readFileSync(join(there.folder, 'out.csv'), 'utf8');
    expect(csv).toBe(readFileSync(join(here.folder, 'out.csv'), 'utf8'));
    expect(csv).toContain(`a token of ${TOKEN.length},north`);
    expect(csv).toContain('metric,loss,0.25');
    const runs = await Promise.all([here, there].map((project) => project.json<PipelineRun>('runs', 'show', 'same')));
    const [first, second] = runs.map(({ status, stack, params, steps }) => ({ status, stack, params, output: steps['train']!.outputs['output']?.sha256 })); // prettier-ignore
    expect(second).toEqual(first);
    expect(first!.status).toBe('completed');
    expect(existsSync(join(there.folder, 'shelf'))).toBe(true);
    expect(await must(there, 'stack', 'export', 'team')).toBe(exported);
  });

  it('a package that is missing stops the import, in one line with the secrets and variables that are', async () => {
    const before = await stored(there);
    const { code, stderr } = await mortise(there, 'stack', 'import', 'team.yaml');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error STACK_IMPORT_INCOMPLETE: [^\n]*npm install mortise-csv[^\n]*\{\{secret\.csv\.token\}\}[^\n]*CSV_REGION[^\n]*\n$/,
    );
    expect(await stored(there)).toEqual(before);
  });

  it('says that a flavor is of another version than it was', async () => {
    install(there, '2.1.0');
    expect(await must(there, 'stack', 'import', 'team.yaml')).toContain(
      'warning: the experiment tracker flavor "csv" is of version 2.1.0 here, and was of 1.0.0\n',
    );
  });

  it('comes from stdin too', async () => {
    install(there);
    const { code, stdout } = await there.mortise(['stack', 'import', '-'], { input: exported });
    expect([code, stdout]).toEqual([0, expect.stringContaining('registered stack "team"\n')]);
    const wrong = await there.mortise(['stack', 'import', '-'], { input: 'a: [1' });
    expect(wrong.stderr).toMatch(/^error BAD_STACK_DOCUMENT: [^\n]*stdin is no YAML[^\n]*\n$/);
  });

  it('leaves the labels of components that are here already, and says so', async () => {
    install(there);
    await must(there, 'orchestrator', 'update', 'default', '--label', 'mine=yes');
    expect(await must(there, 'stack', 'import', 'team.yaml')).toContain(
      'warning: the orchestrator "default" keeps the labels that it has here (mine=yes), which are not those of the file (none)\n',
    );
    const { items } = await there.json<Listing<{ labels: object }>>('orchestrator', 'list');
    expect(items.map(({ labels }) => labels)).toEqual([{ mine: 'yes' }]);
  });

  it('takes another name', async () => {
    install(there);
    await must(there, 'stack', 'import', 'team.yaml', '--name', 'ours');
    expect((await there.json<Listing<StackView>>('stack', 'list')).items.map(({ name }) => name)).toEqual(['default', 'ours']);
  });

  it('stops at names that something else has, all of them at once', async () => {
    install(there);
    await must(there, 'artifact-store', 'register', 'shelf', '--flavor=local', '--path=./other');
    await must(there, 'stack', 'register', 'team', '-o', 'default', '-a', 'default');
    const before = await stored(there);
    await refuses(
      there,
      ['stack', 'import', 'team.yaml'],
      /STACK_IMPORT_TAKEN: .*another stack "team", another artifact store "shelf".*--name/,
    );
    await refuses(there, ['stack', 'import', 'team.yaml', '--name', 'ours'], /STACK_IMPORT_TAKEN: .*another artifact store "shelf"/);
    expect(await stored(there)).toEqual(before);
  });
});

describe('a wrong file is one line, and nothing is stored', () => {
  let there: CliProject;
  let before: unknown;
  beforeAll(async () => {
    there = newProject();
    install(there);
    await must(there, 'init');
    before = await stored(there);
  });
  afterAll(async () => expect(await stored(there)).toEqual(before));

  const edited = (edit: (document: StackDocument) => unknown): string => {
    const document = documentOf(exported);
    return stringify(edit(document) ?? document);
  };
  it.each<[string, () => string, RegExp]>([
    ['no YAML', () => 'a: [1', /BAD_STACK_DOCUMENT: .*no YAML/],
    [
      'several documents',
      () => `${exported}---\n${exported}`,
      /BAD_STACK_DOCUMENT: .*team\.yaml is no YAML \(it holds several documents\)/,
    ],
    ['a tag that nobody knows', () => exported.replace('name: team', 'name: !mine team'), /BAD_STACK_DOCUMENT: .*Unresolved tag: !mine/],
    [
      'a whole number that would be stored as another one',
      () =>
        edited((document) => void Object.assign(document.components[2]!.config, { file: 0 })).replace('file: 0', 'file: 90071992547409931'),
      /BAD_STACK_DOCUMENT: .*"file" cannot be kept exactly/,
    ],
    ['something else', () => '- 1\n', /BAD_STACK_DOCUMENT/],
    ['a newer format', () => edited((document) => ({ ...document, mortise: 2 })), /BAD_STACK_DOCUMENT: .*version 2/],
    [
      'no components',
      () => edited((document) => ({ ...document, components: 'none' })),
      /BAD_STACK_DOCUMENT: .*components is to be a list/,
    ],
    [
      'an unknown component type',
      () => edited(({ components: [first] }) => void Object.assign(first!, { type: 'orchestra' })),
      /UNKNOWN_COMPONENT_TYPE/,
    ],
    [
      'a stack without an artifact store',
      () => edited((document) => ({ ...document, components: document.components.filter(({ type }) => type !== 'artifact-store') })),
      /STACK_INCOMPLETE/,
    ],
    ['a config that is wrong', () => edited((document) => void Object.assign(document.components[2]!.config, { fil: 'x' })), /CONFIG_/],
    [
      'a secret in clear text',
      () => edited((document) => void Object.assign(document.components[2]!.config, { token: 'abcdefgh' })),
      /SECRET_IN_CLEAR/,
    ],
    ['a flavor that there is not', () => edited((document) => ({ ...document, flavors: [] })), /UNKNOWN_FLAVOR/],
    [
      'a key that there is not',
      () => edited((document) => void Object.assign(document.components[0]!, { label: { a: 'b' } })),
      /BAD_STACK_DOCUMENT: .*components\[0\] has "label".*Did you mean "labels"/,
    ],
    [
      'a component that is listed twice',
      () => edited((document) => void document.components.push(document.components[0]!)),
      /BAD_STACK_DOCUMENT: .*orchestrator "default" twice/,
    ],
    ['a bad name', () => edited((document) => ({ ...document, stack: { name: 'a/b' } })), /BAD_NAME/],
  ])('%s', async (_, text, line) => {
    writeFileSync(join(there.folder, 'team.yaml'), text());
    await refuses(there, ['stack', 'import', 'team.yaml'], line);
  });
});

it('a file of other letters than UTF-8 has is refused, and not read with others', async () => {
  writeFileSync(join(here.folder, 'latin.yaml'), Buffer.from(exported.replace('out.csv', 'sp\u00e9cial.csv'), 'latin1'));
  await refuses(here, ['stack', 'import', 'latin.yaml', '--name', 'latin'], /FILE_BROKEN: latin\.yaml cannot be loaded: it is not UTF-8/);
});

it('a file that is not there, and one that cannot be written, are mistakes', async () => {
  await refuses(here, ['stack', 'import', 'nowhere.yaml'], /FILE_NOT_FOUND/);
  await refuses(here, ['stack', 'import', '.'], /FILE_BROKEN: \. cannot be loaded: it is a folder/);
  await refuses(here, ['stack', 'export', 'team', 'no/such/folder.yaml'], /FILE_NOT_WRITABLE/);
  await refuses(here, ['stack', 'export', 'nothing'], /UNKNOWN_STACK/);
});
