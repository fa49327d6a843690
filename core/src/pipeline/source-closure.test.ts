import { beforeEach, describe, expect, test } from '@jest/globals';
import { cp, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { closureOf, closureProjects, expectHit, expectMiss, root, write } from '../testing/closure-project.ts';
import { sourceClosure } from './source-closure.ts';

closureProjects();

const STEPS = `import { half } from './helper.ts';\nconst RATE = 1;\nexport const rate = half(RATE);\n`;
const HELPER = `export const half = (x: number): number => x / 2;\n`;

describe('local code', () => {
  beforeEach(() => write({ 'steps.ts': STEPS, 'helper.ts': HELPER }));

  test('a changed helper in another file changes the hash', () => expectMiss({ 'helper.ts': HELPER.replace('2', '3') }));

  test('a changed constant in the file itself changes the hash', () => expectMiss({ 'steps.ts': STEPS.replace('RATE = 1', 'RATE = 2') }));

  test('a comment, an indent and a type do not', async () => {
    await expectHit({ 'steps.ts': `// new\n${STEPS.replace('RATE = 1', 'RATE: number   =   1 /* one */')}` });
    await expectHit({ 'helper.ts': `/** Half of x. */\n${HELPER}\n\n` });
  });

  test('the files are listed relative to the root, and a query of the URL is ignored', async () => {
    await write({ 'lib/deep.ts': `import '../steps.ts';` });
    const url = `${pathToFileURL(join(root, 'lib/deep.ts')).href}?tsx-namespace=1`;
    const closure = await sourceClosure(url, { root, cacheFolder: join(root, '.cache') });
    expect(closure).toEqual({
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      files: ['helper.ts', 'lib/deep.ts', 'steps.ts'],
      packages: {},
    });
  });

  test('an import of types is not followed', async () => {
    await write({
      'steps.ts': `import type { T } from './types.ts';\nimport { type U } from './types.ts';\nexport const x: T | U = 1;\n`,
      'types.ts': 'export type T = 1; export type U = 2;',
    });
    await expectHit({ 'types.ts': 'export type T = 3; export type U = 2;' });
    expect((await closureOf()).files).toEqual(['steps.ts']);
  });

  test('an import whose names are used as types only, or not at all, is followed: Node runs its module', async () => {
    await write({
      'steps.ts': `import { Table } from './lib/table.ts';\nimport\n  * as unused\n  from './lib/unused.ts';\nexport const x = (table: Table) => table.mean();\n`,
      'lib/table.ts': 'export class Table { mean() { return 1; } }',
      'lib/unused.ts': 'globalThis.x = 1;',
    });
    await expectMiss({ 'lib/table.ts': 'export class Table { mean() { return 2; } }' });
    await expectMiss({ 'lib/unused.ts': 'globalThis.x = 2;' });
    await expectHit({ 'lib/table.ts': 'export class Table { mean(): number { return 2; } }' });
  });

  test('one that only a compiler understands, and drops, is not: it may name types', async () => {
    await write({ 'steps.ts': `import { T } from './types';\nimport { U } from 'types';\nexport const x: T | U = 1;\n` });
    await write({ 'types.ts': 'export type T = 1;' });
    expect(await closureOf()).toEqual({ hash: expect.any(String), files: ['steps.ts'], packages: {} });
  });

  test('`.js` for `.ts`, tsconfig paths, subpath imports, JSON, re-exports and literal dynamic imports are followed', async () => {
    await write({
      'tsconfig.json': `{ "compilerOptions": { "paths": { "@/*": ["./lib/*"] } } }`,
      'package.json': `{ "name": "project", "type": "module", "imports": { "#sub": "./lib/sub.js" } }`,
      'steps.ts': `import { a } from './lib/a.js';\nimport b from '@/b.json' with { type: 'json' };\nexport * from '#sub';\nexport const c = () => import(\`./lib/c.ts\`);\nexport { a, b };\n`,
      'lib/a.ts': 'export const a = 1;',
      'lib/b.json': '{ "b": 1 }',
      'lib/sub.js': 'export const sub = 1;',
      'lib/c.ts': 'export const c = 1;',
    });
    expect((await closureOf()).files).toEqual(['lib/a.ts', 'lib/b.json', 'lib/c.ts', 'lib/sub.js', 'steps.ts']);
    await expectHit({ 'lib/b.json': '{\n  "b": 1\n}\n' });
    await expectMiss({ 'lib/b.json': '{ "b": 2 }' });
    await expectMiss({ 'lib/c.ts': 'export const c = 2;' });
  });

  test('a package of the workspace is local code, by its real path', async () => {
    await write({
      'packages/shared/package.json': '{ "name": "shared", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
      'packages/shared/index.js': 'export const one = 1;',
      'steps.ts': `export { one } from 'shared';`,
    });
    await mkdir(join(root, 'node_modules'));
    await symlink('../packages/shared', join(root, 'node_modules/shared'));
    expect(await closureOf()).toMatchObject({ files: ['packages/shared/index.js', 'steps.ts'], packages: {} });
    await expectMiss({ 'packages/shared/index.js': 'export const one = 2;' });
    await write({ 'packages/shared/other.js': 'export const one = 3;' });
    await expectMiss({ 'packages/shared/package.json': '{ "name": "shared", "type": "module", "exports": "./other.js" }' });
  });

  test.each([
    ['a folder', `import { x } from './current/model.ts';`, 'current', ['one', 'two']],
    ['a module', `import { x } from './model.js';`, 'model.ts', ['one/model.ts', 'two/model.ts']],
    ['a package of the workspace', `import { x } from 'shared';`, 'node_modules/shared', ['../one', '../two']],
  ])('a link of %s that moves is seen', async (_what, text, link, [one, two]) => {
    await write({ 'steps.ts': `${text}\nexport const y = x;` });
    for (const [folder, x] of [
      ['one', 1],
      ['two', 2],
    ] as const)
      await write({
        [`${folder}/package.json`]: '{ "name": "shared", "type": "module", "exports": "./model.ts" }',
        [`${folder}/model.ts`]: `export const x = ${x};`,
      });
    await mkdir(join(root, 'node_modules'));
    await symlink(one!, join(root, link));
    expect((await closureOf()).files).toEqual(['one/model.ts', 'steps.ts']);
    await rm(join(root, link));
    await symlink(two!, join(root, link));
    expect((await closureOf()).files).toEqual(['steps.ts', 'two/model.ts']);
  });

  test('decorators, parameter decorators, JSX and enums are read', async () => {
    await write({
      'tsconfig.json': `{ "compilerOptions": { "experimentalDecorators": true } }`,
      'steps.ts': `import './view.tsx';\ndeclare const d: any;\nenum E { A }\n@d export class C { constructor(@d readonly x: E) {} @d() m() { return E.A; } }`,
      'view.tsx': 'export const view = () => <b>1</b>;',
    });
    await expectMiss({ 'view.tsx': 'export const view = () => <b>2</b>;' });
  });
});

describe('a closure that cannot be known is uncacheable, and the reason names file and expression', () => {
  const cases: [string, string, RegExp][] = [
    [
      'import of a variable',
      'const n = process.argv[2]!;\nexport const x = () => import(n);',
      /^steps\.ts:2: .*only at run time: export const x = \(\) => import\(n\);$/,
    ],
    [
      'import of a template',
      'export const x = (n: string) => import(`./lib/${n}.ts`);',
      /^steps\.ts:1: .*import\(`\.\/lib\/\$\{n\}\.ts`\)/,
    ],
    ['import of a sum', `\nexport const x = (n: string) =>\n  import('./lib/' + n);`, /^steps\.ts:3: .*import\('\.\/lib\/' \+ n\)/],
    ['require of a variable', 'export const x = (n: string) => require(n);', /^steps\.ts:1: .*require\(n\)/],
    [
      'require.resolve of a variable',
      'export const x = (n: string) => require.resolve(n);',
      /^steps\.ts: .*only at run time: require\.resolve\(n\)$/,
    ],
    ['require under another name', 'export const x = [require];', /^steps\.ts:1: .*require/],
    [
      'createRequire of a variable',
      `import { createRequire } from 'node:module';\nexport const x = (n: string) => createRequire(import.meta.url)(n);`,
      /^steps\.ts: .*createRequire\(import\.meta\.url\)\(n\)/,
    ],
    [
      'an import that is not there',
      `import { a } from './gone.ts';\nexport const x = a;`,
      /^steps\.ts:1: Could not resolve "\.\/gone\.ts"$/,
    ],
    ['a package that is not there', `import { a } from 'gone';\nexport const x = a;`, /^steps\.ts:1: Could not resolve "gone"$/],
    [
      'an optional import that is not there',
      `export const x = async () => { try { return await import('./gone.ts'); } catch { return 1; } };`,
      /^steps\.ts: Could not resolve "\.\/gone\.ts"$/,
    ],
    ['a syntax error', `export const x = ;`, /^steps\.ts:1: Unexpected ";"$/],
  ];
  test.each(cases)('%s', async (_name, text, reason) => {
    await write({ 'steps.ts': text, 'lib/a.ts': 'export const a = 1;' });
    const { uncacheable } = await closureOf();
    expect(uncacheable).toMatch(reason);
    expect((await closureOf()).uncacheable).toBe(uncacheable);
    await write({ 'steps.ts': 'export const x = 1;' });
    expect((await closureOf()).uncacheable).toBeUndefined();
  });

  test('the same in a helper', async () => {
    await write({ 'steps.ts': STEPS, 'helper.ts': `${HELPER}export const x = (n: string) => import(n);` });
    expect((await closureOf()).uncacheable).toMatch(/^helper\.ts:2: /);
  });

  test('a deleted import makes it so, and its return gives the old hash', async () => {
    await write({ 'steps.ts': STEPS, 'helper.ts': HELPER });
    const { hash } = await closureOf();
    await rm(join(root, 'helper.ts'));
    expect((await closureOf()).uncacheable).toBe('steps.ts:1: Could not resolve "./helper.ts"');
    await write({ 'helper.ts': HELPER });
    expect(await closureOf()).toEqual({ hash, files: ['helper.ts', 'steps.ts'], packages: {} });
  });

  test('a module that is no file, or is not there', async () => {
    expect((await sourceClosure('node:fs', { root, cacheFolder: root })).uncacheable).toBe('node:fs is not a file');
    expect((await closureOf('missing.ts')).uncacheable).toMatch(/^the sources of missing\.ts cannot be followed: ENOENT/);
  });
});

describe('third-party packages', () => {
  const install = (version: string, code = '1', folder = 'node_modules/dep') =>
    write({
      [`${folder}/package.json`]: JSON.stringify({ name: 'dep', version, exports: './esm/index.js' }),
      [`${folder}/esm/package.json`]: '{ "type": "module" }',
      [`${folder}/esm/index.js`]: `export const dep = ${code};`,
    });
  beforeEach(async () => {
    await write({ 'src/steps.ts': `import { dep } from 'dep';\nimport fs from 'fs';\nexport const x = [dep, fs];` });
    await install('1.0.0');
  });

  test('are represented by their versions, not by their code', async () => {
    const { hash, ...rest } = await closureOf('src/steps.ts');
    expect(rest).toEqual({ files: ['src/steps.ts'], packages: { dep: '1.0.0' } });
    await install('1.0.0', '2');
    expect((await closureOf('src/steps.ts')).hash).toBe(hash);
    await install('1.0.1', '2');
    expect(await closureOf('src/steps.ts')).toMatchObject({ hash: expect.not.stringMatching(hash), packages: { dep: '1.0.1' } });
  });

  test('a nearer copy that appears is taken', async () => {
    await closureOf('src/steps.ts');
    await install('2.0.0', '1', 'src/node_modules/dep');
    expect((await closureOf('src/steps.ts')).packages).toEqual({ dep: '2.0.0' });
  });

  test('a link of a package manager that moves to another version is seen', async () => {
    await rm(join(root, 'node_modules/dep'), { recursive: true });
    await install('1.0.0', '1', 'node_modules/.store/dep@1/node_modules/dep');
    await install('2.0.0', '1', 'node_modules/.store/dep@2/node_modules/dep');
    await symlink('.store/dep@1/node_modules/dep', join(root, 'node_modules/dep'));
    expect((await closureOf('src/steps.ts')).packages).toEqual({ dep: '1.0.0' });
    await rm(join(root, 'node_modules/dep'));
    await symlink('.store/dep@2/node_modules/dep', join(root, 'node_modules/dep'));
    expect((await closureOf('src/steps.ts')).packages).toEqual({ dep: '2.0.0' });
  });

  test('two versions of one are both named', async () => {
    await write({ 'src/steps.ts': `import 'dep';\nimport './sub/other.ts';`, 'src/sub/other.ts': `import 'dep';` });
    await install('2.0.0', '1', 'src/sub/node_modules/dep');
    expect((await closureOf('src/steps.ts')).packages).toEqual({ dep: '1.0.0, 2.0.0' });
  });

  test("Mortise's own packages count by version even as links into a checkout, an example package does not", async () => {
    await write({
      'core/package.json':
        '{ "name": "@mortise/core", "version": "0.1.0", "type": "module", "exports": { ".": "./src/index.ts", "./client": "./src/client.ts" } }',
      'core/src/index.ts': 'export const step = 1;',
      's3/package.json':
        '{ "name": "@mortise/s3", "version": "0.2.0", "type": "module", "exports": { ".": { "own-condition": "./index.ts" } } }',
      'example/package.json': '{ "name": "@mortise/example-wine", "version": "0.1.0", "type": "module", "exports": "./index.ts" }',
      'example/index.ts': 'export const wine = 1;',
      'steps.ts': `import { step } from '@mortise/core';\nimport '@mortise/core/client';\nimport '@mortise/s3';\nimport { wine } from '@mortise/example-wine';\nexport const x = [step, wine];`,
    });
    await mkdir(join(root, 'node_modules/@mortise'), { recursive: true });
    await symlink('../../core', join(root, 'node_modules/@mortise/core'));
    await symlink('../../example', join(root, 'node_modules/@mortise/example-wine'));
    await symlink('../../s3', join(root, 'node_modules/@mortise/s3'));
    const packages = { '@mortise/core': '0.1.0', '@mortise/s3': '0.2.0' };
    expect(await closureOf()).toMatchObject({ files: ['example/index.ts', 'steps.ts'], packages });
    await expectHit({ 'core/src/index.ts': 'export const step = 2;' });
    await expectMiss({ 'example/index.ts': 'export const wine = 2;' });
    await write({ 'core/test.ts': `import { step } from './src/index.ts';\nexport const y = step;` });
    expect(await closureOf('core/test.ts')).toMatchObject({ files: ['core/test.ts'], packages: { '@mortise/core': '0.1.0' } });
  });

  test.each([
    ['no version', '{ "name": "dep/part", "type": "module", "main": "i.js" }'],
    ['one that never changes', '{ "name": "dep-part", "version": "0.1.0", "type": "module", "main": "i.js" }'],
  ])('count by the version that is installed, not by %s of a folder within', async (_which, part) => {
    const installPart = (version: string) =>
      write({
        'node_modules/dep/package.json': JSON.stringify({ name: 'dep', version }),
        'node_modules/dep/part/package.json': part,
        'node_modules/dep/part/i.js': 'export const dep = 1;',
      });
    await write({ 'src/steps.ts': `import { dep } from 'dep/part';\nexport const x = dep;` });
    await installPart('1.0.0');
    const { hash, packages } = await closureOf('src/steps.ts');
    expect(packages).toEqual({ dep: '1.0.0' });
    await installPart('1.0.1');
    expect((await closureOf('src/steps.ts')).hash).not.toBe(hash);
  });

  test.each([
    ['no version', { 'node_modules/dep/package.json': '{ "name": "dep", "type": "module", "main": "i.js" }' }, 'dep/i.js'],
    ['no package.json', {}, 'dep/index.js'],
  ])('with %s are local code: there is nothing else that tells of a change', async (_which, manifest, path) => {
    await rm(join(root, 'node_modules/dep'), { recursive: true });
    await write({
      ...manifest,
      [`node_modules/${path}`]: `exports.dep = require('./deep.cjs');`,
      'node_modules/dep/deep.cjs': 'module.exports = 1;',
    });
    expect(await closureOf('src/steps.ts')).toMatchObject({ files: ['node_modules/dep/deep.cjs', `node_modules/${path}`, 'src/steps.ts'] });
    await expectMiss({ 'node_modules/dep/deep.cjs': 'module.exports = 2;' }, 'src/steps.ts');
  });

  test('a module of a third-party package is that package', async () => {
    expect(await closureOf('node_modules/dep/esm/index.js')).toMatchObject({ files: [], packages: { dep: '1.0.0' } });
  });
});

describe('what an import means', () => {
  const TWO = {
    'steps.ts': `import { x } from '#x';\nimport { x as y } from '#y';\nexport const z = x - y;`,
    'one.ts': 'export const x = 1;',
    'two.ts': 'export const x = 2;',
  };

  test('changes the hash where the same files are taken for one another, by `imports`', async () => {
    const manifest = (x: string, y: string) => JSON.stringify({ name: 'project', type: 'module', imports: { '#x': x, '#y': y } });
    await write({ ...TWO, 'package.json': manifest('./one.ts', './two.ts') });
    await expectMiss({ 'package.json': manifest('./two.ts', './one.ts') });
  });

  test('changes the hash where the same files are taken for one another, by `paths`', async () => {
    const tsconfig = (x: string, y: string) => JSON.stringify({ compilerOptions: { paths: { '#x': [x], '#y': [y] } } });
    await write({ ...TWO, 'tsconfig.json': tsconfig('./one.ts', './two.ts') });
    await expectMiss({ 'tsconfig.json': tsconfig('./two.ts', './one.ts') });
  });

  test('changes the hash where two versions of a package are taken for one another', async () => {
    const installed = (alias: string, version: string) => ({
      [`node_modules/${alias}/package.json`]: JSON.stringify({ name: 'dep', version }),
      [`node_modules/${alias}/index.js`]: '',
    });
    await write({ 'steps.ts': `import a from 'old';\nimport b from 'new';\nexport const x = [a, b];` });
    await write({ ...installed('old', '1.0.0'), ...installed('new', '2.0.0') });
    await expectMiss({ ...installed('old', '2.0.0'), ...installed('new', '1.0.0') });
  });

  test.each(['-C dev', '"--conditions=dev"'])('is what the conditions say that NODE_OPTIONS gives: %s', async (options) => {
    const before = process.env['NODE_OPTIONS'];
    process.env['NODE_OPTIONS'] = options;
    try {
      const manifest = { name: 'project', type: 'module', imports: { '#x': { dev: './one.ts', default: './two.ts' } } };
      await write({ ...TWO, 'steps.ts': `export { x } from '#x';`, 'package.json': JSON.stringify(manifest) });
      expect((await closureOf()).files).toEqual(['one.ts', 'steps.ts']);
    } finally {
      if (before === undefined) delete process.env['NODE_OPTIONS'];
      else process.env['NODE_OPTIONS'] = before;
    }
  });

  test('changes the hash where the package.json of a folder names another module, which lies elsewhere', async () => {
    await write({ ...TWO, 'steps.cjs': `exports.z = require('./lib').x;`, 'lib/package.json': '{ "main": "../one.ts" }' });
    await expectMiss({ 'lib/package.json': '{ "main": "../two.ts" }' }, 'steps.cjs');
  });

  test('stays the same in a copy of the project', async () => {
    await write({ ...TWO, 'package.json': '{ "name": "project", "type": "module", "imports": { "#x": "./one.ts", "#y": "./two.ts" } }' });
    const { hash } = await closureOf();
    await cp(root, `${root}-copy`, { recursive: true });
    await rm(join(`${root}-copy`, '.cache'), { recursive: true });
    const copy = await sourceClosure(pathToFileURL(join(`${root}-copy`, 'steps.ts')).href, { root: `${root}-copy`, cacheFolder: root });
    expect(copy.hash).toBe(hash);
  });
});

describe('what else decides the meaning of the code', () => {
  beforeEach(() =>
    write({
      'steps.ts': 'export const x = 1;',
      'base.json': '{ "compilerOptions": { "target": "es2022" } }',
      'tsconfig.json': `{ // comment\n  "extends": "./base", "compilerOptions": { "experimentalDecorators": true, }, }`,
    }),
  );

  test('an option of the nearest tsconfig', () => expectMiss({ 'tsconfig.json': `{ "extends": "./base" }` }));
  test('an inherited option', () => expectMiss({ 'base.json': '{ "compilerOptions": { "target": "es2023" } }' }));
  test('a nearer tsconfig that appears', async () => {
    await write({ 'src/steps.ts': 'export const x = 1;' });
    await expectMiss({ 'src/tsconfig.json': '{ "compilerOptions": { "useDefineForClassFields": false } }' }, 'src/steps.ts');
  });
  test('the types of what is decorated, where they are emitted as values', async () => {
    const steps = (type: string) => `declare const column: any;\nexport class Row { @column price!: ${type}; }`;
    await write({
      'steps.ts': steps('number'),
      'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
    });
    await expectMiss({ 'steps.ts': steps('string') });
  });
  test('not a comment there, nor an option for emitting', () =>
    expectHit({
      'tsconfig.json': `{ "extends": "./base.json", "compilerOptions": { "experimentalDecorators": true, "outDir": "dist" } }`,
    }));
  test('not a tsconfig for plain JavaScript', async () => {
    await write({ 'plain.js': 'export const x = 1;' });
    await expectHit({ 'tsconfig.json': '{ "compilerOptions": { "target": "es2020" } }' }, 'plain.js');
  });
  test('the module type of the package', () => expectMiss({ 'package.json': '{ "name": "project", "type": "commonjs" }' }));
});
