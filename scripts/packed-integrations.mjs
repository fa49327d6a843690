// Uses the integrations as they would be published: packed, installed into an empty project outside the repository, registered, and run offline, where
// nothing of the workspace can stand in for what a package forgot to name. Needs a build and the registry. Ends with `N passed, N failed`.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { declaredImports } from './testing/declared-imports.mjs';
import { Claims, pack, PUBLISHED, root, run as runIn } from './testing/packed-packages.mjs';

const INTEGRATIONS = readdirSync(join(root, 'integrations')).filter((name) => existsSync(join(root, 'integrations', name, 'LICENSE')));
const FLAVORS = [
  ['experiment-tracker', '@mortise/mlflow'],
  ['artifact-store', '@mortise/mlflow#artifactStore'],
  ['experiment-tracker', '@mortise/wandb'],
  ['experiment-tracker', '@mortise/comet'],
  ['experiment-tracker', '@mortise/neptune'],
  ['artifact-store', '@mortise/s3'],
  ['artifact-store', '@mortise/azure-blob'],
  ['artifact-store', '@mortise/gcs'],
];
const OFFLINE = { wandb: [], comet: ['--offlineDirectory=archives'], neptune: ['--project=acme/wine'] };

const work = mkdtempSync(join(tmpdir(), 'mortise-integrations-'));
const project = join(work, 'project');
mkdirSync(project);
const claims = new Claims();
const check = claims.check.bind(claims);
const env = { ...process.env, NO_COLOR: '1', XDG_CONFIG_HOME: join(work, 'config') };
const run = (file, args) => runIn(file, args, project, env);
const mortise = (...args) => run(join(project, 'node_modules/.bin/mortise'), args);
const json = (...args) => JSON.parse(mortise(...args, '--output', 'json'));

const PIPELINE = `import { activeRun, pipeline, step } from '@mortise/core';
const train = step('train', { experimentTracker: ['wandb', 'comet', 'neptune'], cache: false }, async () => {
  activeRun().logParams({ rate: 0.5 });
  for (let epoch = 0; epoch < 3; epoch++) activeRun().logMetrics({ loss: 1 / (epoch + 1) }, { step: epoch });
});
export const wine = pipeline('wine', () => { train(); });
`;

try {
  let tarballs = [];
  check('every package packs, and has its licence, its types and no tests', () => {
    const packed = pack([...PUBLISHED, ...INTEGRATIONS.map((name) => `integrations/${name}`)], work);
    tarballs = packed.map(({ tarball }) => tarball);
    for (const { name, files } of packed.filter(({ name }) => INTEGRATIONS.includes(name.replace('@mortise/', '')))) {
      const paths = files.map(({ path }) => path);
      for (const wanted of ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts'])
        assert.ok(paths.includes(wanted), `${name} has no ${wanted}`);
      assert.deepEqual(
        paths.filter((path) => /\btest|^src/.test(path)),
        [],
      );
    }
  });
  check('they are installed together', () => {
    writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n');
    run('npm', ['install', '--no-audit', '--no-fund', ...tarballs]);
    mortise('init');
  });
  check('the declarations of every package name only what it installs, or asks for', () => {
    for (const name of INTEGRATIONS) {
      const folder = join(project, 'node_modules/@mortise', name);
      const { dependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const known = Object.keys({ ...dependencies, ...peerDependencies });
      const strange = declaredImports(folder).filter((from) => !known.some((one) => from === one || from.startsWith(`${one}/`)));
      assert.deepEqual(strange, [], name);
    }
  });
  for (const [type, source] of FLAVORS)
    check(`the flavor of ${source} is registered as ${type}`, () => {
      mortise(type, 'flavor', 'register', source);
    });
  check('three trackers log offline at once, each with its own outcome and address', () => {
    for (const [name, options] of Object.entries(OFFLINE))
      mortise('experiment-tracker', 'register', name, `--flavor=${name}`, '--mode=offline', ...options);
    mortise(
      'stack',
      'register',
      'three',
      '-o',
      'default',
      '-a',
      'default',
      ...Object.keys(OFFLINE).flatMap((name) => ['-e', name]),
      '--set',
    );
    writeFileSync(join(project, 'wine.js'), PIPELINE);
    mortise('run', 'wine.js', '--name', 'first');
    const { runMetadata, attempts } = json('runs', 'show', 'first').steps.train;
    for (const name of Object.keys(OFFLINE)) {
      const { value } = runMetadata[`experiment_tracker_url:${name}`];
      assert.ok(existsSync(fileURLToPath(value)), `${name}: ${value}`);
    }
    assert.deepEqual(
      attempts[0].trackerRuns.map(({ component, status, delivered }) => [component, status, delivered]),
      Object.keys(OFFLINE).map((name) => [name, 'completed', true]),
    );
  });
  for (const [vendor, from] of Object.entries({ wandb: 'wandb', comet: 'archives', neptune: '.neptune' }))
    check(`what was logged offline for ${vendor} is imported, and a second time changes nothing`, () => {
      const { imported, points, runs } = json('import', vendor, from);
      assert.ok(imported > 0 && points === 3, `${imported} runs, ${points} points`);
      const counts = runs.map(({ id }) => json('runs', 'show', id).steps.imported.tracker.metrics.loss?.count ?? 0);
      assert.deepEqual(counts.toSorted(), [...Array(imported - 1).fill(0), 3]);
      const again = json('import', vendor, from);
      assert.deepEqual([again.imported, again.alreadyThere], [0, imported]);
    });
} finally {
  rmSync(work, { recursive: true, force: true });
}
claims.sumUp();
