// Installs what would be published (npm pack of every package) into an empty project outside the repository, and uses it there.
// Needs a build and the registry. Ends with `N passed, N failed`.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'lerna.json'), 'utf8'));
const packages = ['core', 'flavors/local', 'cli'];
const work = mkdtempSync(join(tmpdir(), 'mortise-packed-'));
const project = join(work, 'project');
mkdirSync(project);

let passed = 0;
let failed = 0;
function check(claim, prove) {
  try {
    prove();
    passed += 1;
    console.log(`ok    ${claim}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${claim}\n${[error.message, error.stdout, error.stderr].filter(Boolean).join('\n').replace(/^/gm, '      ')}`);
  }
}

const run = (file, args, cwd = project) => execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const node = (...args) => run(process.execPath, args);
const mortise = join(project, 'node_modules/@mortise/cli/dist/mortise.js');

/** A Node on this machine that is too old for Mortise, if there is one. */
function oldNode() {
  const candidates = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .filter(existsSync);
  return candidates.find((file) => Number(run(file, ['-p', 'process.versions.node.split(".")[0]'])) < 22);
}

try {
  let packed = [];
  check('every package packs', () => {
    const folders = packages.flatMap((folder) => ['-w', folder]);
    const report = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', work, ...folders], root));
    packed = Array.isArray(report) ? report : Object.values(report);
    assert.equal(packed.length, packages.length);
  });
  check('a package holds its built files and its licence, no source, no test, no build record', () => {
    for (const { name, files } of packed) {
      const paths = files.map(({ path }) => path);
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
      assert.ok(paths.includes('LICENSE'), `${name} has no LICENSE`);
    }
  });
  check('all of them install into an empty project', () => {
    writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
    run('npm', ['install', ...packed.map(({ filename }) => join(work, filename))]);
    assert.ok(!existsSync(join(project, 'node_modules/@mortise/cli/node_modules/@mortise')), 'there are two copies of core');
  });
  check('npx mortise --version prints the version', () => {
    assert.equal(run('npx', ['--no-install', 'mortise', '--version']).trim(), version);
  });
  check('every entry point loads', () => {
    node('--input-type=module', '-e', "for (const name of ['core', 'core/client', 'flavor-local']) await import(`@mortise/${name}`)");
  });
  check('the published declarations compile by themselves, libraries checked', () => {
    writeFileSync(
      join(project, 'use.ts'),
      "export * from '@mortise/core';\nexport * as client from '@mortise/core/client';\nexport * as local from '@mortise/flavor-local';\n",
    );
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
    node(
      join(root, 'node_modules/typescript/bin/tsc'),
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--skipLibCheck',
      'false',
      ...types,
      'use.ts',
    );
  });
  const old = oldNode();
  if (old) {
    check(`on Node ${run(old, ['--version']).trim()} one line says what is needed`, () => {
      const { status, stdout, stderr } = spawnSync(old, [mortise, '--version'], { cwd: project, encoding: 'utf8' });
      assert.equal(status, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /^mortise needs Node 22\.18 or newer.*\n$/);
    });
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
