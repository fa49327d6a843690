// Installs what would be published (npm pack of every package) into an empty project outside the repository, and uses it there: on the Node that runs
// this, on the oldest one that is supported, and on one that is too old. Needs a build and the registry. Ends with `N passed, N failed`.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { documentModules, promisedOutput } from './testing/markdown-code.ts';
import { Claims, pack, PUBLISHED, root, run as runIn } from './testing/packed-packages.mjs';

const { version } = JSON.parse(readFileSync(join(root, 'lerna.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'mortise-packed-'));
const project = join(work, 'project');
mkdirSync(project);

const claims = new Claims();
const check = claims.check.bind(claims);
const run = (file, args, cwd = project, env = process.env) => runIn(file, args, cwd, env);
const node = (...args) => run(process.execPath, args);
const mortise = join(project, 'node_modules/@mortise/cli/dist/mortise.js');

/** Checks the types of a file of the project, those of the libraries too. */
function compile(file) {
  const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck', 'false', ...types];
  node(join(root, 'node_modules/typescript/bin/tsc'), ...options, file);
}

/** A Node on this machine that is too old for Mortise, if there is one. */
function oldNode() {
  const candidates = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .filter(existsSync);
  return candidates.find((file) => Number(run(file, ['-p', 'process.versions.node.split(".")[0]'])) < 22);
}

/** The oldest Node that Mortise supports, kept outside of the repository from one call to the next. */
const OLDEST = '22.18.0';

function oldestSupportedNode() {
  const folder = join(tmpdir(), 'mortise-node-22');
  const file = join(folder, 'node_modules/node/bin/node');
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "allowScripts": { "node": true } }\n');
    run('npm', ['install', '--no-audit', '--no-fund', `node@${OLDEST}`], folder);
  }
  assert.equal(run(file, ['--version']).trim(), `v${OLDEST}`);
  return file;
}

const steps = (inputs) => [
  `const load = step('load', async () => [1, 2, 3]);`,
  `const sum = (numbers${inputs && ': number[]'}) => numbers.reduce((a, b) => a + b, 0);`,
  `const total = step('total', { experimentTracker: true }, async ({ rows }${inputs}) => activeRun().logMetrics({ sum: sum(rows) }));`,
];
const files = {
  'sum.js': [
    "import { activeRun, pipeline, step } from '@mortise/core';",
    ...steps(''),
    "export const fromJs = pipeline('from-js', () => total({ rows: load() }));",
  ],
  'sum.ts': [
    "import { activeRun, pipeline, step } from '@mortise/core';",
    ...steps(': { rows: number[] }'),
    "export const fromTs = pipeline('from-ts', () => total({ rows: load() }));",
  ],
  'sum-class.ts': [
    "import { activeRun, pipeline, step } from '@mortise/core';",
    'export class FromClass {',
    '  @step() async load(): Promise<number[]> { return [1, 2, 3]; }',
    '  @step({ experimentTracker: true }) async total({ rows }: { rows: number[] }) { activeRun().logMetrics({ sum: rows.reduce((a, b) => a + b, 0) }); }',
    '  @pipeline() async run() { await this.total({ rows: await this.load() }); }',
    '}',
  ],
};

/** The way of a new user, in a project of their own, with `npx` and everything below it on one Node. */
function useOn(node) {
  const on = `on Node ${run(node, ['--version']).trim()}`;
  const home = join(work, `project-${on.replace(/.* v/, '')}`);
  const env = { ...process.env, PATH: [dirname(node), process.env.PATH].join(delimiter), NO_COLOR: '1' };
  const mortise = (...args) => run('npx', ['--no-install', 'mortise', ...args], home, env);
  cpSync(project, home, { recursive: true, verbatimSymlinks: true });

  check(`${on} npx mortise init makes a project`, () => {
    assert.equal(run('npx', ['-c', 'node --version'], home, env).trim(), on.replace(/.* /, ''));
    mortise('init');
    assert.ok(existsSync(join(home, '.mortise/store.db')));
  });
  for (const [file, lines] of Object.entries(files)) {
    check(`${on} npx mortise run ${file} runs, and its run holds the metric that its step logged`, () => {
      writeFileSync(join(home, file), `${lines.join('\n')}\n`);
      mortise('run', file);
      const { pipeline, status, steps } = JSON.parse(mortise('runs', 'show', 'latest', '--output', 'json'));
      assert.deepEqual(
        { pipeline, status },
        { pipeline: { 'sum.js': 'from-js', 'sum.ts': 'from-ts', 'sum-class.ts': 'FromClass' }[file], status: 'completed' },
      );
      assert.equal(steps.total.tracker.metrics.sum.last, 6);
    });
  }
  check(`${on} the programs of the quickstart do what it says`, () => {
    const programs = documentModules(join(root, 'docs/quickstart.md'));
    for (const { file, text } of programs) writeFileSync(join(home, file), `${text}\n`);
    mortise('run', 'pipeline.ts');
    assert.match(run(node, ['read.ts'], home, env), /^completed \{ rate: 0\.1 \} [0-9a-f]{64}\n200 [^]*\ny = 3\.0x \+ 1\.0\n$/);
  });
  check(`${on} the steps of sum.ts run in child processes, and are logged as well`, () => {
    mortise('run', 'sum.ts', '--isolation', 'process', '--no-cache');
    const { status, steps } = JSON.parse(mortise('runs', 'show', 'latest', '--output', 'json'));
    assert.deepEqual([status, steps.total.tracker.metrics.sum.last], ['completed', 6]);
  });
}

try {
  let packed = [];
  check('every package packs', () => {
    packed = pack(PUBLISHED, work);
    assert.equal(packed.length, PUBLISHED.length);
  });
  check(
    'a package holds its built files, what a new flavor is made from, its licence and a README, no source, no test, no build record',
    () => {
      for (const { name, files } of packed) {
        const paths = files.map(({ path }) => path).filter((path) => name !== '@mortise/cli' || !path.startsWith('templates/'));
        assert.deepEqual(
          paths.filter((path) => !/^(dist\/.+\.(js|js\.map|d\.ts|txt)|LICENSE|README\.md|package\.json)$/.test(path)),
          [],
          name,
        );
        assert.deepEqual(
          paths.filter((path) => /\.(test|types)\./.test(path)),
          [],
          name,
        );
        for (const file of ['LICENSE', 'README.md']) assert.ok(paths.includes(file), `${name} has no ${file}`);
      }
    },
  );
  check('all of them install into an empty project', () => {
    writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
    run('npm', ['install', ...packed.map(({ tarball }) => tarball)]);
    assert.ok(!existsSync(join(project, 'node_modules/@mortise/cli/node_modules/@mortise')), 'there are two copies of core');
  });
  check('npx mortise --version prints the version', () => {
    assert.equal(run('npx', ['--no-install', 'mortise', '--version']).trim(), version);
  });
  check('every entry point loads', () => {
    node(
      '--input-type=module',
      '-e',
      "for (const name of ['core', 'core/client', 'flavor-local', 'flavor-testkit']) await import(`@mortise/${name}`)",
    );
  });
  check('the published declarations compile by themselves, libraries checked', () => {
    writeFileSync(
      join(project, 'use.ts'),
      "export * from '@mortise/core';\nexport * as client from '@mortise/core/client';\nexport * as local from '@mortise/flavor-local';\nexport * as testkit from '@mortise/flavor-testkit';\n",
    );
    compile('use.ts');
  });
  useOn(process.execPath);
  check('with inversify, a program takes what Mortise says into a log of its own', () => {
    const { peerDependencies } = JSON.parse(readFileSync(join(root, 'core/package.json'), 'utf8'));
    run('npm', ['install', `inversify@${peerDependencies.inversify}`]);
    node(mortise, 'init');
    const { file, text } = documentModules(join(root, 'docs/client.md')).find((module) => module.file === 'own-log.ts');
    writeFileSync(join(project, file), `${text}\n`);
    compile(file);
    assert.deepEqual(node(file).trimEnd().split('\n'), promisedOutput(text));
  });
  let oldest;
  check(`Node ${OLDEST} is here`, () => {
    oldest = oldestSupportedNode();
  });
  if (oldest) useOn(oldest);
  const old = oldNode();
  if (old) {
    check(`on Node ${run(old, ['--version']).trim()} one line says what is needed`, () => {
      const { status, stdout, stderr } = spawnSync(old, [mortise, '--version'], { cwd: project, encoding: 'utf8' });
      assert.equal(status, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /^mortise needs Node 22\.18 or newer.*\n$/);
    });
  } else {
    console.log('--    no Node older than 22 on this machine: what is said there was not checked');
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
claims.sumUp();
