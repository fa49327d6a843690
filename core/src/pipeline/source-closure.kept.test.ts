import { beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { closureOf, closureProjects, root, scratch, write } from '../testing/closure-project.ts';
import type { SourceClosure } from './source-closure.ts';

const run = promisify(execFile);
const STEPS = `import { half } from './helper.ts';\nconst RATE = 1;\nexport const rate = half(RATE);\n`;
const HELPER = `export const half = (x: number): number => x / 2;\n`;

closureProjects();
beforeEach(() => write({ 'steps.ts': STEPS, 'helper.ts': HELPER }));

describe('what is kept of a closure', () => {
  /** The closure as another process computes it, and whether it loaded esbuild for that. */
  async function inProcess(folder = root, entry = 'steps.ts', args: string[] = []) {
    const script = join(scratch, 'closure.mjs');
    await writeFile(
      script,
      `import { registerHooks } from 'node:module';
      let esbuild = false;
      registerHooks({ resolve(specifier, context, next) { esbuild ||= specifier === 'esbuild'; return next(specifier, context); } });
      const { sourceClosure } = await import(${JSON.stringify(new URL('./source-closure.ts', import.meta.url).href)});
      const [module, root] = process.argv.slice(2);
      const closure = await sourceClosure(module, { root, cacheFolder: root + '/.cache' });
      console.log(JSON.stringify({ esbuild, closure }));`,
    );
    const { stdout } = await run(process.execPath, [...args, script, pathToFileURL(join(folder, entry)).href, folder]);
    return JSON.parse(stdout) as { esbuild: boolean; closure: SourceClosure };
  }

  const age = async (...paths: string[]) => {
    for (const path of paths) await utimes(join(root, path), new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
  };

  test('lets a second process do without esbuild, until something changed', async () => {
    const first = await inProcess();
    const second = await inProcess();
    expect([first.esbuild, second.esbuild]).toEqual([true, false]);
    expect(second.closure).toEqual(first.closure);
    await age('steps.ts', 'helper.ts');
    expect((await inProcess()).esbuild).toBe(false);
    await write({ 'helper.ts': HELPER.replace('2', '3') });
    const third = await inProcess();
    expect(third.esbuild).toBe(true);
    expect(third.closure.hash).not.toBe(first.closure.hash);
  });

  test('goes with a copied project', async () => {
    const { closure } = await inProcess();
    const copy = `${root}-copy`;
    await cp(root, copy, { recursive: true });
    expect(await inProcess(copy)).toEqual({ esbuild: false, closure });
  });

  test('is not trusted when size and modification time are the same', async () => {
    const { hash } = await closureOf();
    const { atime, mtime } = await stat(join(root, 'steps.ts'));
    await write({ 'steps.ts': STEPS.replace('RATE = 1', 'RATE = 7') });
    await utimes(join(root, 'steps.ts'), atime, mtime);
    expect((await closureOf()).hash).not.toBe(hash);
  });

  test('does not hide a new file that an import now means', async () => {
    await write({
      'src/steps.ts': `export { x } from '../lib';\nexport { y } from './y.js';`,
      'lib/index.ts': 'export const x = 1;',
      'src/y.ts': 'export const y = 1;',
    });
    expect((await closureOf('src/steps.ts')).files).toEqual(['lib/index.ts', 'src/steps.ts', 'src/y.ts']);
    await write({ 'lib.ts': 'export const x = 2;' });
    expect((await closureOf('src/steps.ts')).files).toEqual(['lib.ts', 'src/steps.ts', 'src/y.ts']);
    await write({ 'src/y.js': 'export const y = 2;' });
    expect((await closureOf('src/steps.ts')).files).toEqual(['lib.ts', 'src/steps.ts', 'src/y.js', 'src/y.ts']);
  });

  test('does not hide an import that was missing, wherever it appears', async () => {
    await write({ 'steps.ts': `export { x } from './later/x.ts';` });
    expect((await closureOf()).uncacheable).toMatch(/Could not resolve/);
    await write({ 'later/x.ts': 'export const x = 1;' });
    expect(await closureOf()).toEqual({ hash: expect.any(String), files: ['later/x.ts', 'steps.ts'], packages: {} });
  });

  test('differs by the conditions that Node was given', async () => {
    await write({
      'package.json': '{ "name": "project", "type": "module", "imports": { "#x": { "dev": "./dev.js", "default": "./prod.js" } } }',
      'steps.ts': `import '#x';`,
      'dev.js': '',
      'prod.js': '',
    });
    expect((await inProcess()).closure.files).toEqual(['prod.js', 'steps.ts']);
    expect((await inProcess(root, 'steps.ts', ['-C', 'dev'])).closure.files).toEqual(['dev.js', 'steps.ts']);
  });

  test('is one file a module, made anew when damaged, and no file is needed', async () => {
    const { closure } = await inProcess();
    const kept = (await readdir(join(root, '.cache'))).map((name) => join(root, '.cache', name));
    expect(kept).toHaveLength(1);
    await writeFile(kept[0]!, '{"version":1,"clo');
    expect(await inProcess()).toEqual({ esbuild: true, closure });
    await rm(join(root, '.cache'), { recursive: true });
    await write({ '.cache': 'in the way' });
    expect(await inProcess()).toEqual({ esbuild: true, closure });
  });

  test('is made once for calls at the same time', async () => {
    const closures = await Promise.all([closureOf(), closureOf(), closureOf()]);
    expect(closures[1]).toBe(closures[0]);
    expect(closures[2]).toBe(closures[0]);
  });
});
