import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { FlavorView, Listing, PipelineRun } from '@mortise/core/client';

import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';
import {
  alerterFlavor,
  diaryTracker,
  installDiary,
  linkPackage,
  registerDiary,
  shelfStore,
  trackedPipeline,
} from './testing/flavor-sources.ts';

let project: CliProject;

beforeAll(() => buildCommand());
beforeEach(async () => {
  project?.remove();
  project = cliProject();
  await project.mortise(['init']);
  project.write('wine.js', trackedPipeline);
});
afterAll(() => project.remove());

/** What a command prints that must succeed. */
async function mortise(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await project.mortise(args);
  if (code !== 0) throw new Error(`mortise ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

const flavors = (type: string): Promise<Listing<FlavorView>> => project.json(type, 'flavor', 'list');
const flavor = async (type: string, name: string) => (await flavors(type)).items.find((each) => each.name === name);

describe('a flavor of an installed package, which has its own copies of core and class-validator,', () => {
  it('is registered, described and checked by its schema', async () => {
    installDiary(project);
    const file = join(project.folder, 'node_modules/acme-diary/lib/index.js');
    expect(await mortise('experiment-tracker', 'flavor', 'register', 'acme-diary#diary')).toBe(
      `loading acme-diary#diary 1.2.0 (runs ${file})\nregistered experiment-tracker flavor "diary" from acme-diary#diary 1.2.0\n`,
    );
    const described = await mortise('experiment-tracker', 'flavor', 'describe', 'diary');
    expect(described).toMatch(/^source +acme-diary#diary 1\.2\.0\nstatus +available$/m);
    expect(described).toMatch(/^KEY +TYPE +REQUIRED +SECRET +DEFAULT +DESCRIPTION$/m);
    expect(described).toMatch(/^folder +string +"diary"$/m);
    expect(described).toMatch(/^password +string +yes$/m);
    expect(described).toMatch(/^pages +integer$/m);
    const wrong = await project.mortise(['experiment-tracker', 'register', 'notes', '--flavor=diary', '--pages=0']);
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      'error CONFIG_WRONG_TYPE: config key "pages" of experiment tracker flavor "diary" is wrong: must not be less than 1\n',
    ]);
  });

  it('tracks a run: status, URL and metadata are as for a built-in one, and what it missed is delivered by another process', async () => {
    await registerDiary(project);
    const run = ['run', 'wine.js', '--stack', 'team'];
    await mortise(...run);
    const done = await project.json<PipelineRun>('runs', 'show', 'latest');
    const [url] = [done.steps['train']!.runMetadata['experiment_tracker_url']!.value as string];
    expect(url).toMatch(/^https:\/\/diary\.example\/[0-9a-f]{32}$/);
    expect(done.stack.components.find(({ type }) => type === 'experiment-tracker')).toMatchObject({
      source: 'acme-diary#diary',
      version: '1.2.0',
    });

    expect((await project.mortise([...run, '--no-cache'], { env: { FAIL: '1', DIARY_DOWN: '1' } })).code).toBe(1);
    const diary = () => readdirSync(join(project.folder, 'notes')).map((name) => readFileSync(join(project.folder, 'notes', name), 'utf8'));
    const before = diary().length;
    expect(await mortise('tracker', 'deliver')).toMatch(/^notes: delivered 2 tracker runs$/m);
    const failed = diary().filter((text) => text.includes('close failed') && text.includes('open train'));
    expect([diary().length, failed.length]).toEqual([before + 2, 1]);
    expect(failed[0]).toContain('"loss":0.05');
    expect((await project.json<PipelineRun>('runs', 'show', 'latest')).steps['train']!.runMetadata['experiment_tracker_url']).toBeDefined();
  });
});

describe('the source of a flavor may be', () => {
  it('CommonJS, written by hand or compiled from an ES module', async () => {
    project.write('node_modules/old/package.json', '{ "name": "old", "version": "0.1.0", "main": "./lib" }');
    const literal = (name: string) =>
      `{ apiVersion: 1, type: 'alerter', name: '${name}', load: async () => ({ create: async () => ({ send: async () => {} }) }) }`;
    project.write(
      'node_modules/old/lib/index.js',
      `const { defineFlavor } = require('@mortise/core');
      module.exports = Object.fromEntries([['bell', defineFlavor(${literal('bell')})], ['horn', defineFlavor(${literal('horn')})]]);`,
    );
    project.write(
      'node_modules/old/compiled.js',
      `Object.defineProperty(exports, '__esModule', { value: true });
      exports.default = require('@mortise/core').defineFlavor(${literal('gong')});`,
    );
    await mortise('alerter', 'flavor', 'register', 'old#horn');
    await mortise('alerter', 'flavor', 'register', 'old/compiled');
    const missing = await project.mortise(['alerter', 'flavor', 'register', 'old']);
    expect(missing.stderr).toBe('error FLAVOR_EXPORT_MISSING: old has no default export. It exports: bell, horn. Name one: old#bell\n');
    expect((await flavors('alerter')).items.map(({ name }) => name)).toEqual(expect.arrayContaining(['gong', 'horn']));
  });

  it('TypeScript that Node can load by itself', async () => {
    project.write('bell.ts', alerterFlavor('bell', 'const ring: number = 1; void ring;'));
    await mortise('alerter', 'flavor', 'register', './bell.ts');
    expect(await flavor('alerter', 'bell')).toMatchObject({ source: './bell.ts#default', version: '-', status: 'available' });
  });

  const decorated = (): void => {
    project.write('tsconfig.json', '{ "compilerOptions": { "experimentalDecorators": true } }');
    linkPackage('class-validator', join(project.folder, 'node_modules/class-validator'));
    project.write('diary/tracker.ts', diaryTracker);
    project.write(
      'diary/config.ts',
      `import { IsString } from 'class-validator'; export class Config { @IsString() folder: string = 'typed'; }`,
    );
    project.write(
      'diary/index.ts',
      `import { defineFlavor } from '@mortise/core';
      export default defineFlavor({
        apiVersion: 1, type: 'experiment-tracker', name: 'diary',
        config: async () => (await import('./config')).Config, load: () => import('./tracker.js'),
      });`,
    );
  };

  it('TypeScript that needs tsx, be it only in its config: the command has it', async () => {
    decorated();
    await mortise('experiment-tracker', 'flavor', 'register', './diary/index.ts');
    expect((await flavor('experiment-tracker', 'diary'))!.config).toMatchObject([{ key: 'folder', default: 'typed' }]);
    await mortise('experiment-tracker', 'register', 'notes', '--flavor=diary');
    await mortise('stack', 'register', 'team', '-o', 'default', '-a', 'default', '-e', 'notes');
    await mortise('run', 'wine.js', '--stack', 'team');
    expect(readdirSync(join(project.folder, 'typed')).length).toBe(2);
  });

  it('TypeScript whose decorators are compiled as standard ones, for want of an option in its tsconfig.json: that is told', async () => {
    decorated();
    project.write('diary/tsconfig.json', '{}');
    const { code, stderr } = await project.mortise(['experiment-tracker', 'flavor', 'register', './diary/index.ts']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^error FLAVOR_BAD_SCHEMA: .* Put "experimentalDecorators": true into the compilerOptions of the tsconfig\.json.*\n$/,
      ),
    ]);
  });

  it('a schema that does not describe itself: that is said where its keys would be', async () => {
    project.write(
      'mute.js',
      `import { defineFlavor } from '@mortise/core';
      const schema = { '~standard': { version: 1, vendor: 'mute', validate: (value) => ({ value }) } };
      const mute = { apiVersion: 1, type: 'alerter', config: async () => schema, load: async () => ({ create: async () => ({ send: async () => {} }) }) };
      export const secret = defineFlavor({ ...mute, name: 'secret-mute', secrets: ['token'] });
      export const plain = defineFlavor({ ...mute, name: 'plain-mute' });`,
    );
    for (const name of ['secret', 'plain']) await mortise('alerter', 'flavor', 'register', `./mute.js#${name}`);
    const silent = 'the schema does not describe itself: it may take other keys';
    expect(await mortise('alerter', 'flavor', 'describe', 'secret-mute')).toMatch(
      new RegExp(`^token +any .*\\n${silent}\\n\\nsettings: none$`, 'm'),
    );
    expect(await mortise('alerter', 'flavor', 'describe', 'plain-mute')).toContain(`config: ${silent}\n`);
  });

  it('not TypeScript that needs tsx in a program without it (FLAVOR_NEEDS_LOADER)', async () => {
    decorated();
    project.write('enum.ts', alerterFlavor('bell', 'enum Ring { Once }'));
    project.write(
      'register.js',
      `import { Client } from '@mortise/core/client';
      const client = new Client();
      for (const [type, source] of [['alerter', './enum.ts'], ['experiment-tracker', './diary/index.ts']])
        await client.registerFlavor({ type, source }).catch((error) => console.log(error.line));
      console.log((await client.listFlavors()).items.every(({ source }) => source.startsWith('@mortise/')));`,
    );
    const { execFileSync } = await import('node:child_process');
    const printed = execFileSync(process.execPath, ['register.js'], { cwd: project.folder, encoding: 'utf8' }).trim().split('\n');
    expect(printed).toEqual([
      expect.stringMatching(
        /^FLAVOR_NEEDS_LOADER: Node alone cannot load the TypeScript of \.\/enum\.ts: .*enum.*Run "npm install tsx" in the project/,
      ),
      expect.stringMatching(/^FLAVOR_BAD_SCHEMA: .*Cannot find module/),
      'true',
    ]);
  });
});

it('a run describes a flavor by the version that it ran with, and knows the secrets of that one', async () => {
  await registerDiary(project);
  const [version, secrets] = ['node_modules/acme-diary/package.json', 'node_modules/acme-diary/lib/index.js'];
  project.write(version, readFileSync(join(project.folder, version), 'utf8').replace('1.2.0', '2.0.0'));
  project.write(secrets, readFileSync(join(project.folder, secrets), 'utf8').replace(`['password']`, `['password', 'folder']`));
  await mortise('run', 'wine.js', '--stack', 'team');
  const { stack } = await project.json<PipelineRun>('runs', 'show', 'latest');
  expect(stack.components.find(({ name }) => name === 'notes')).toMatchObject({ source: 'acme-diary#diary', version: '2.0.0' });
  expect(await flavor('experiment-tracker', 'diary')).toMatchObject({ version: '2.0.0' });
  expect(await mortise('stack', 'describe', 'team')).toContain('folder=***');
});

describe('a child process that runs steps', () => {
  it('loads the artifact store of a flavor of the project', async () => {
    project.write('shelf.mjs', shelfStore);
    await mortise('artifact-store', 'flavor', 'register', './shelf.mjs#shelf');
    await mortise('artifact-store', 'register', 'shelf', '--flavor', 'shelf');
    await mortise('stack', 'register', 'own', '-o', 'default', '-a', 'shelf', '-e', 'default', '--set');
    await mortise('run', 'wine.js', '--isolation', 'process');
    expect(new Set(readFileSync(join(project.folder, 'made.txt'), 'utf8').trim().split('\n')).size).toBeGreaterThan(1);
  });
});

it('a flavor that needs a package that is not installed is refused with the command that installs it', async () => {
  const needs = "import 'a-package-that-nobody-has';\n";
  const bell = (keys: string) => `import { defineFlavor } from '@mortise/core';
    const load = async () => ({ create: async () => ({ send: async () => {} }) });
    export default defineFlavor({ apiVersion: 1, type: 'alerter', name: 'bell', load, ${keys} });`;
  project.write('part.js', needs);
  for (const [file, text] of Object.entries({
    'module.js': needs + bell(''),
    'config.js': bell("config: () => import('./part.js')"),
    'implementation.js': bell("load: () => import('./part.js')"),
  })) {
    project.write(file, text);
    const { code, stderr } = await project.mortise(['alerter', 'flavor', 'register', `./${file}`]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /^error .*Cannot find package 'a-package-that-nobody-has' .*\. Run "npm install a-package-that-nobody-has"\.\n$/,
      ),
    });
  }
});

it('what lists, describes or tells a status never imports a flavor', async () => {
  const mark = join(project.folder, 'imported.txt');
  project.write(
    'loud.js',
    `import { writeFileSync } from 'node:fs';
    import { defineFlavor } from '@mortise/core';
    writeFileSync(${JSON.stringify(mark)}, '');
    const config = async () => (await import('./loud-config.js')).Config;
    export default defineFlavor({ apiVersion: 1, type: 'experiment-tracker', name: 'loud', config, load: () => import('./loud-tracker.js') });`,
  );
  linkPackage('class-validator', join(project.folder, 'node_modules/class-validator'));
  project.write(
    'loud-config.js',
    `import { IsString } from 'class-validator'; export class Config { folder = 'x'; } IsString()(Config.prototype, 'folder');`,
  );
  project.write('loud-tracker.js', diaryTracker);
  await mortise('experiment-tracker', 'flavor', 'register', './loud.js');
  await mortise('experiment-tracker', 'register', 'siren', '--flavor=loud', '--folder=notes');
  await mortise('stack', 'register', 'loud', '-o', 'default', '-a', 'default', '-e', 'siren', '--set');
  await mortise('run', 'wine.js');
  rmSync(mark);
  const reading = [
    ['stack', 'list'],
    ['stack', 'get'],
    ['stack', 'describe', 'loud'],
    ['experiment-tracker', 'list'],
    ['experiment-tracker', 'get'],
    ['experiment-tracker', 'describe', 'siren'],
    ['experiment-tracker', 'flavor', 'list'],
    ['experiment-tracker', 'flavor', 'describe', 'loud'],
    ['runs', 'list'],
    ['runs', 'show', 'latest'],
    ['tracker', 'status'],
    ['status'],
  ];
  for (const command of reading) {
    await mortise(...command);
    await project.json(...command);
    expect([command, existsSync(mark)]).toEqual([command, false]);
  }
  await mortise('run', 'wine.js', '--no-cache');
  expect(existsSync(mark)).toBe(true);
});

it('wrong uses of the commands end with 1 and one line', async () => {
  project.write('bell.js', alerterFlavor('bell'));
  await mortise('alerter', 'flavor', 'register', './bell.js');
  await mortise('alerter', 'register', 'door', '--flavor=bell');
  const uses: [args: string, code: string][] = [
    ['alerter flavor register', 'BAD_USAGE'],
    ['alerter flavor register ./gone.js', 'FLAVOR_MODULE_NOT_FOUND'],
    ['alerter flavor register ./bell.js', 'FLAVOR_NAME_TAKEN'],
    ['orchestrator flavor register ./bell.js', 'FLAVOR_WRONG_TYPE'],
    ['alerter flavor describe bel', 'UNKNOWN_FLAVOR'],
    ['alerter flavor delete bell', 'FLAVOR_IN_USE'],
    ['alerter flavor delete console', 'FLAVOR_BUILT_IN'],
    ['alerter flavor refresh bel', 'UNKNOWN_FLAVOR'],
  ];
  for (const [args, code] of uses) {
    const result = await project.mortise(args.split(' '));
    expect([args, result.code, result.stderr]).toEqual([args, 1, expect.stringMatching(new RegExp(`^error ${code}: .*\\n$`))]);
  }
  await mortise('alerter', 'delete', 'door');
  expect(await mortise('alerter', 'flavor', 'delete', 'bell')).toBe('deleted alerter flavor "bell"\n');
  expect(await flavor('alerter', 'bell')).toBeUndefined();
});
