import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { buildCommand, cliProject, type CliProject } from '../cli/src/testing/cli-project.ts';

/** What the built packages load, where it counts: at the start of a process. */
let project: CliProject;

beforeAll(async () => {
  buildCommand();
  project = cliProject();
  await project.mortise(['init']);
  project.write(
    'run.js',
    `import { pipeline, step } from '@mortise/core';
    const one = step('one', async () => 1);
    const double = step('double', async ({ n }) => 2 * n);
    const { result } = await pipeline('start', () => double({ n: one() })).run();
    if (result !== 2) throw new Error(String(result));`,
  );
  project.write(
    'embedding.js',
    `import { activeRun, pipeline, step } from '@mortise/core';
    import { container, LOG } from '@mortise/core/container';
    const tell = (message) => console.log('told: ' + message);
    container.rebind(LOG).toConstantValue({ debug() {}, info() {}, warn: tell });
    let late;
    const hasty = step('hasty', async () => {
      const run = activeRun();
      late = () => run.logParam('late', 1);
      return 1;
    });
    const slow = step('slow', async ({ n }) => (late(), n));
    await pipeline('embedded', () => slow({ n: hasty() })).run();`,
  );
  project.write(
    'list.js',
    `import { Client } from '@mortise/core/client';
    const client = await Client.open();
    await client.listStacks();
    if (process.argv[2] === 'runs') await client.listRuns();`,
  );
  project.write(
    'trace.mjs',
    `import { registerHooks } from 'node:module';
    const files = [];
    registerHooks({ load(url, context, next) { files.push(url); return next(url, context); } });
    process.on('exit', () => console.log(JSON.stringify({ files, builtins: process.moduleLoadList })));`,
  );
});
afterAll(() => project.remove());

function loadedBy(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', './trace.mjs', ...args], {
    cwd: project.folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const { files, builtins } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { files: string[]; builtins: string[] };
  const ours = files.filter((url) => url.includes('/dist/')).map((url) => fileURLToPath(url));
  return {
    urls: files,
    stdout,
    files: ours,
    builtins,
    hasPackage: (name: string) => files.some((url) => url.includes(`/node_modules/${name}/`)),
    has: (text: string) => ours.some((file) => readFileSync(file, 'utf8').includes(text)),
  };
}

const KYSELY = 'SqliteQueryCompiler';

test('a run builds no query and no container: it loads no Kysely, no inversify, and few files', () => {
  const loaded = loadedBy('run.js');
  expect([loaded.has(KYSELY), loaded.hasPackage('inversify')]).toEqual([false, false]);
  expect(loaded.files.length).toBeLessThan(16);
});

test('a program that asks for the container loads inversify, and its messages go where that says', () => {
  const { hasPackage, stdout } = loadedBy('embedding.js');
  expect(hasPackage('inversify')).toBe(true);
  expect(stdout.split('\n')).toContain('told: step "hasty" logged something after it had ended: that is not recorded');
});

test('listing stacks loads neither Kysely nor what runs pipelines, listing runs loads Kysely', () => {
  const stacks = loadedBy('list.js');
  expect(stacks.has(KYSELY)).toBe(false);
  expect(stacks.files.filter((file) => /[\\/]run-[^\\/]*$/.test(file))).toEqual([]);
  expect(loadedBy('list.js', 'runs').has(KYSELY)).toBe(true);
});

test('importing core loads none of what takes Node long to load', () => {
  project.write('import.js', `import '@mortise/core';`);
  const { builtins } = loadedBy('import.js');
  for (const name of ['crypto', 'fs/promises', 'zlib', 'child_process', 'stream', 'sqlite'])
    expect(builtins).not.toContain(`NativeModule ${name}`);
});

test.each([
  ['stack', '--help'],
  ['stack', 'list'],
  ['runs', 'list'],
])('mortise %s %s loads none of what only other commands need', (...args) => {
  const { builtins } = loadedBy(fileURLToPath(new URL('../cli/dist/mortise.js', import.meta.url)), ...args);
  for (const name of ['child_process', 'zlib', 'worker_threads', 'crypto']) expect(builtins).not.toContain(`NativeModule ${name}`);
});

test.each(['comet', 'wandb', 'neptune', 'mlflow', 's3', 'gcs', 'azure-blob'])(
  'the config of %s, a class with rules of class-validator, loads of that only what it uses',
  (name) => {
    const source = fileURLToPath(new URL(`../integrations/${name}/dist/index.js`, import.meta.url));
    project.write(
      `${name}.js`,
      `import { Client } from '@mortise/core';
      import flavor from ${JSON.stringify(source)};
      const { type } = flavor;
      const client = new Client();
      await client.registerFlavor({ type, source: ${JSON.stringify(source)} });
      await client.registerComponent({ type, name: 'mine', flavor: '${name}', config: { nonsense: 1 } }).catch(({ code }) => console.log(code));`,
    );
    const { urls, stdout } = loadedBy(`${name}.js`);
    expect(stdout).toContain('CONFIG_UNKNOWN_KEY');
    expect(urls.filter((url) => /node_modules\/(class-validator|validator|libphonenumber-js)\//.test(url))).toEqual([]);
  },
);

test('built files name their sources for stack traces', () => {
  const core = join(fileURLToPath(new URL('../core/dist/', import.meta.url)));
  const file = loadedBy('run.js').files.find((each) => /dist.run-/.test(each) && each.startsWith(core))!;
  const map = JSON.parse(readFileSync(`${file}.map`, 'utf8')) as { sources: string[] };
  expect(map.sources).toContain('../src/execution/run-pipeline.ts');
});
