import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';

import { buildCommand, cliProject, type CliProject } from '../cli/src/testing/cli-project.ts';

/** Programs that were made one file of, with core within. Its flavors are a package of their own, which is loaded when it is needed. */
const FLAVORS = '@mortise/flavor-local';
let project: CliProject;
let installed: string;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  await project.mortise(['init']);
  installed = join(project.folder, 'out/node_modules', FLAVORS);
  mkdirSync(dirname(installed), { recursive: true });
  project.write(
    'program.ts',
    `import { pipeline, step } from '@mortise/core';
    const one = step('one', { systemMetrics: true }, () => 1);
    const double = step('double', { isolation: process.argv[2] === 'process' ? 'process' : 'inline', cache: false }, ({ n }: { n: number }) => 2 * n);
    const doubled = pipeline('doubled', () => double({ n: one() }));
    void doubled.run().then(({ status, result, error }) => console.log(status, result ?? error!.message), ({ code, message }) => console.log(code, message));`,
  );
  const folder = JSON.stringify(resolve('flavors/local'));
  project.write(
    'elsewhere.cjs',
    `const Module = require('node:module');
    const { join } = require('node:path');
    const { pathToFileURL } = require('node:url');
    const known = { '${FLAVORS}': join(${folder}, 'dist/index.js'), '${FLAVORS}/package.json': join(${folder}, 'package.json') };
    const resolve = Module._resolveFilename;
    Module._resolveFilename = (name, ...rest) => known[name] ?? resolve(name, ...rest);
    Module.registerHooks({
      resolve: (name, context, next) => (name in known ? { url: pathToFileURL(known[name]).href, shortCircuit: true } : next(name, context)),
    });`,
  );
});
afterAll(() => project.remove());

describe.each(['esm', 'cjs'] as const)('a program that is bundled whole, as %s', (format) => {
  const file = `out/program.${format === 'cjs' ? 'cjs' : 'mjs'}`;
  const printedBy = (isolation = 'inline', options: string[] = []) => {
    const { stdout, stderr } = spawnSync(process.execPath, [...options, file, isolation], { cwd: project.folder, encoding: 'utf8' });
    return stdout + stderr;
  };
  beforeAll(async () => {
    rmSync(installed, { force: true });
    symlinkSync(resolve('flavors/local'), installed);
    await build({
      entryPoints: [join(project.folder, 'program.ts')],
      outfile: join(project.folder, file),
      bundle: true,
      platform: 'node',
      format,
      logLevel: 'silent',
    });
  });

  test('runs its pipeline', () => {
    expect(printedBy()).toBe('completed 2\n');
  });

  test('is told in one line that its steps can have no processes of their own', () => {
    expect(printedBy('process')).toMatch(/^failed .* where @mortise\/core is bundled into a program, declare it external\n$/);
  });

  test("finds that package by other means than node_modules, as Yarn's Plug'n'Play", () => {
    rmSync(installed);
    expect(printedBy('inline', ['--require', './elsewhere.cjs'])).toBe('completed 2\n');
  });

  test('is told which package it needs beside it', () => {
    rmSync(installed, { force: true });
    expect(printedBy()).toBe(`MISSING_PACKAGE Mortise needs the package ${FLAVORS}\n`);
  });
});
