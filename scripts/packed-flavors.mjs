// Writes and uses flavors as a stranger would, outside the repository, with what would be published: the examples packed and installed, registered, and
// judged by what their runs became; and a new flavor of each component type, made, tested and used by the commands of docs/write-a-flavor.md. Needs a
// build and the registry. Ends with `N passed, N failed`.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Claims, pack, PUBLISHED, root, run as runIn } from './testing/packed-packages.mjs';

const EXAMPLES = ['examples/custom-tracker-flavor', 'examples/custom-artifact-store-flavor'];
const TYPES = ['orchestrator', 'artifact-store', 'experiment-tracker', 'alerter'];

const work = mkdtempSync(join(tmpdir(), 'mortise-flavors-'));
const project = join(work, 'project');
mkdirSync(project);
const claims = new Claims();
const check = claims.check.bind(claims);

const env = { ...process.env, NO_COLOR: '1', XDG_CONFIG_HOME: join(work, 'config') };
const run = (file, args, cwd = project) => runIn(file, args, cwd, env);
const install = (args, cwd) => run('npm', ['install', '--no-audit', '--no-fund', ...args], cwd);
/** The command as npx starts it, without npx's own half second. */
const bin = join(project, 'node_modules/.bin/mortise');
const mortise = (...args) => run(bin, args);
const json = (...args) => JSON.parse(mortise(...args, '--output', 'json'));
const latest = () => json('runs', 'show', 'latest');

const pipeline = `import { activeRun, pipeline, step } from '@mortise/core';
const train = step('train', { experimentTracker: true }, async ({ rate }) => {
  activeRun().logParams({ rate });
  for (let epoch = 0; epoch < 3; epoch++) activeRun().logMetrics({ loss: rate / (epoch + 1) }, { step: epoch });
  return { weights: [rate, 2 * rate] };
});
const judge = step('judge', { experimentTracker: true }, async ({ model, fail }) => {
  activeRun().logMetrics({ score: model.weights[1] });
  if (fail) throw new RangeError('no wine left, on demand');
  return model.weights.length;
});
export const wine = pipeline('wine', { params: { rate: 0.5, fail: false } }, ({ rate, fail }) => judge({ model: train({ rate }), fail }));
`;

const runWine = (...args) => spawnSync(bin, ['run', 'wine.js', '--no-cache', ...args], { cwd: project, env, encoding: 'utf8' });
/** Every step of a run, without what differs from one run to the next. */
const shape = ({ status, steps }) => ({
  status,
  steps: Object.entries(steps).map(([name, step]) => ({
    name,
    status: step.status,
    error: step.error?.message ?? null,
    metadata: Object.keys(step.runMetadata).sort(),
    metrics: Object.entries(step.tracker.metrics).map(([metric, { last, count }]) => ({ metric, last, count })),
    params: step.tracker.params,
  })),
});
const urlOf = (step) => step.runMetadata.experiment_tracker_url.value;
/** The rows of a step's CSV file. */
const rowsOf = (step) =>
  readFileSync(fileURLToPath(urlOf(step)), 'utf8')
    .trim()
    .split('\n');
const points = (rows) => rows.flatMap((row) => /metrics,(\w+),(\d+),,(.*)$/.exec(row)?.slice(1).join(' ') ?? []);
const POINTS = ['loss 0 0.5', 'loss 1 0.25', `loss 2 ${0.5 / 3}`];

function useExamples() {
  const builtIn = {};
  check('on the stack that comes with Mortise the pipeline runs, and fails on demand', () => {
    writeFileSync(join(project, 'wine.js'), pipeline);
    mortise('init');
    assert.equal(runWine().status, 0);
    builtIn.completed = shape(latest());
    assert.equal(runWine('--param', 'fail=true').status, 1);
    builtIn.failed = shape(latest());
    assert.deepEqual([builtIn.completed.status, builtIn.failed.status], ['completed', 'failed']);
  });
  check('the flavors of other packages are registered, described, and known by their source and version', () => {
    for (const [type, name, example] of [
      ['experiment-tracker', 'csv', 'custom-tracker-flavor'],
      ['artifact-store', 'sqlite', 'custom-artifact-store-flavor'],
    ]) {
      mortise(type, 'flavor', 'register', `@mortise/example-${example}`);
      const { source, version } = json(type, 'flavor', 'describe', name);
      assert.deepEqual({ source, version }, { source: `@mortise/example-${example}#default`, version: '0.1.0' });
    }
  });
  check('components of them are registered, their config is checked, and a stack is made of them', () => {
    const refused = spawnSync(bin, ['experiment-tracker', 'register', 'table', '--flavor=csv', '--foldr=x'], {
      cwd: project,
      env,
      encoding: 'utf8',
    });
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /^error [A-Z_]+: [^\n]*foldr[^\n]*folder[^\n]*\n$/);
    mortise('experiment-tracker', 'register', 'table', '--flavor=csv', '--folder=tables');
    mortise('artifact-store', 'register', 'single', '--flavor=sqlite', '--file=kept/artifacts.db');
    mortise('stack', 'register', 'ours', '-o', 'default', '-a', 'single', '-e', 'table', '--set');
  });
  check('a run of two tracked steps is as on the built-in stack: statuses, metrics, params, metadata', () => {
    assert.equal(runWine().status, 0);
    assert.deepEqual(shape(latest()), builtIn.completed);
    assert.ok(existsSync(join(project, 'kept/artifacts.db')));
  });
  check('the URL of a step leads to its file, which has what was logged, and that it completed', () => {
    const { train } = latest().steps;
    assert.ok(fileURLToPath(urlOf(train)).startsWith(join(project, 'tables')));
    assert.deepEqual(points(rowsOf(train)), POINTS);
    assert.match(rowsOf(train).at(-1), /,end,completed,/);
  });
  check('a step that fails on demand fails there too, with its message, as on the built-in stack', () => {
    assert.equal(runWine('--param', 'fail=true').status, 1);
    assert.deepEqual(shape(latest()), builtIn.failed);
    assert.match(rowsOf(latest().steps.judge).at(-1), /,end,failed,.*no wine left, on demand/);
    assert.match(rowsOf(latest().steps.train).at(-1), /,end,completed,/);
  });
  check('steps in child processes are logged as well', () => {
    assert.equal(runWine('--isolation', 'process').status, 0);
    assert.deepEqual(points(rowsOf(latest().steps.train)), POINTS);
  });
  check('while the tracker cannot be reached a run completes, and what it logged waits', () => {
    renameSync(join(project, 'tables'), join(project, 'tables-away'));
    writeFileSync(join(project, 'tables'), '');
    const { status, stderr } = runWine('--name', 'in-the-dark');
    assert.equal(status, 0, stderr);
    const { events, lastError } = json('tracker', 'status', 'table').items[0];
    assert.ok(events >= 5, `${events} events wait`);
    assert.match(lastError, /cannot write .*tables/);
  });
  check('mortise tracker deliver delivers it once the tracker is back: each point once, its end, its URL', () => {
    rmSync(join(project, 'tables'));
    renameSync(join(project, 'tables-away'), join(project, 'tables'));
    mortise('tracker', 'deliver');
    const shown = json('runs', 'show', 'in-the-dark');
    assert.deepEqual(shape(shown), builtIn.completed);
    assert.deepEqual(points(rowsOf(shown.steps.train)), POINTS);
    assert.match(rowsOf(shown.steps.train).at(-1), /,end,completed,/);
  });
}

/** The commands of the guide, one after another, in a project of their own. `cd` changes the folder for those that follow. */
function followGuide(tarballs) {
  const guide = readFileSync(join(root, 'docs/write-a-flavor.md'), 'utf8');
  const lines = Array.from(guide.matchAll(/^```console\n(.*?)^```$/gms), ([, text]) => text.trim().split('\n')).flat();
  const home = join(work, 'guide');
  mkdirSync(home);
  let here = home;
  check('the commands of docs/write-a-flavor.md end well one after another, from the new package to a run that it tracks', () => {
    writeFileSync(join(home, 'package.json'), '{ "name": "guide", "private": true, "type": "module" }\n');
    writeFileSync(join(home, 'wine.js'), pipeline);
    install(tarballs, home);
    run('npx', ['--no-install', 'mortise', 'init'], home);
    assert.ok(lines.length > 8, `the guide has ${lines.length} commands`);
    for (const line of lines) {
      const [program, ...args] = line.replace(/\s+# .*$/, '').split(/\s+/);
      if (program === 'cd') here = join(here, args[0]);
      // What is not in the registry yet comes from the tarballs; the package itself stays as it was written.
      else if (line === 'npm install') install(['--no-save', '--no-package-lock', ...tarballs], here);
      if (program !== 'cd') run(program, program === 'npx' ? ['--no-install', ...args] : args, here);
    }
    const { status, steps } = JSON.parse(run('npx', ['--no-install', 'mortise', 'runs', 'show', 'latest', '--output', 'json'], home));
    assert.equal(status, 'completed');
    assert.ok(relative(home, fileURLToPath(urlOf(steps.train))).startsWith('my-runs'), urlOf(steps.train));
  });
}

/** A new flavor as it was written: only what is not in the registry yet is installed from the tarballs first. */
function tryNew(type, tarballs) {
  check(`a new flavor for an ${type} passes its own npm install and npm test, and packs without its tests`, () => {
    const folder = join(work, `new-${type}`);
    mortise('flavor', 'new', type, 'my-own', '--folder', folder);
    const written = readFileSync(join(folder, 'package.json'), 'utf8');
    install(['--no-save', '--no-package-lock', ...tarballs], folder);
    install([], folder);
    assert.match(run('npm', ['test'], folder), /^. fail 0$/m);
    assert.equal(readFileSync(join(folder, 'package.json'), 'utf8'), written);
    const [report] = [JSON.parse(run('npm', ['pack', '--dry-run', '--json', '--silent'], folder))].flat();
    const { files } = report.files === undefined ? Object.values(report)[0] : report;
    const paths = files.map(({ path }) => path);
    assert.ok(paths.includes('dist/index.js') && paths.includes('dist/index.d.ts') && paths.includes('README.md'), paths.join());
    assert.deepEqual(
      paths.filter((path) => /test|^src/.test(path)),
      [],
    );
  });
}

try {
  let tarballs = [];
  let examples = [];
  check('the packages and the example flavors pack', () => {
    tarballs = pack(PUBLISHED, work).map(({ tarball }) => tarball);
    const packed = pack(EXAMPLES, work);
    examples = packed.map(({ tarball }) => tarball);
    for (const { files } of packed) {
      const paths = files.map(({ path }) => path);
      assert.deepEqual(
        paths.filter((path) => !/^(dist\/[\w-]+\.(js|d\.ts)|README\.md|package\.json|LICENSE)$/.test(path)),
        [],
      );
    }
  });
  check('they install from their tarballs into an empty project', () => {
    writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
    install([...tarballs, ...examples]);
  });
  useExamples();
  followGuide(tarballs);
  for (const type of TYPES) tryNew(type, tarballs);
} finally {
  rmSync(work, { recursive: true, force: true });
}
claims.sumUp();
