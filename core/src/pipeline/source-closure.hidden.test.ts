import { describe, expect, test } from '@jest/globals';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { closureOf, closureProjects, expectHit, expectMiss, root, write } from '../testing/closure-project.ts';

closureProjects();

describe('references that no bundler sees', () => {
  const cases: [string, string][] = [
    [
      'createRequire',
      `import { createRequire } from 'node:module';\nconst load = createRequire(import.meta.url);\nexport const x = load('./target.cjs');`,
    ],
    [
      'createRequire named require',
      `import * as m from 'node:module';\nconst require = m.createRequire(import.meta.url);\nexport const x = require('./target.cjs');`,
    ],
    [
      'require.resolve',
      `import { createRequire } from 'node:module';\nexport const x = createRequire(import.meta.url).resolve('./target.cjs');`,
    ],
    ['import.meta.resolve', `export const x = import.meta.resolve('./target.cjs');`],
    ['a worker', `export const x = () => new Worker(new URL('./target.cjs', import.meta.url));`],
    [
      'a worker whose URL has a name',
      `import { Worker } from 'node:worker_threads';\nconst url = new URL('./target.cjs', import.meta.url);\nexport const x = () => new Worker(url);`,
    ],
    [
      'a worker whose URL does without the dot',
      `import { Worker } from 'node:worker_threads';\nexport const x = () => new Worker(new URL('target.cjs', import.meta.url));`,
    ],
    [
      'a worker whose URL has a query',
      `import { Worker } from 'node:worker_threads';\nexport const x = () => new Worker(new URL('./target.cjs?pool#1', import.meta.url));`,
    ],
    [
      'a worker whose URL is escaped',
      `import { Worker } from 'node:worker_threads';\nexport const x = () => new Worker(new URL('./t%61rget.cjs', import.meta.url));`,
    ],
    [
      'a worker under a name of its own',
      `import * as threads from 'node:worker_threads';\nconst W = threads.Worker;\nexport const x = () => new W(new URL('./target.cjs', import.meta.url));`,
    ],
    [
      'createRequire under a name that is something else in another function',
      `import { createRequire } from 'node:module';\nexport const x = () => { const load = createRequire(import.meta.url); return load('./target.cjs'); };\nexport const y = () => { const load = (name: string) => name; return load('./target.cjs'); };`,
    ],
    [
      'createRequire of the path of the file',
      `import { createRequire } from 'node:module';\nimport { fileURLToPath } from 'node:url';\nconst __filename = fileURLToPath(import.meta.url);\nexport const x = createRequire(__filename)('./target.cjs');`,
    ],
    [
      'createRequire imported late',
      `const { createRequire } = await import('node:module');\nconst load = createRequire(import.meta.url);\nexport const x = load('./target.cjs');`,
    ],
  ];
  test.each(cases)('%s of a literal is followed', async (_name, text) => {
    await write({ 'steps.ts': `declare const dec: any;\n@dec class A {}\n${text}`, 'target.cjs': 'exports.x = 1;' });
    await expectMiss({ 'target.cjs': 'exports.x = 2;' });
  });

  test('require.resolve of a literal is followed in CommonJS', async () => {
    await write({
      'steps.cjs': `exports.x = () => new Pool({ filename: require.resolve('./target.cjs') });`,
      'target.cjs': 'exports.x = 1;',
    });
    await expectMiss({ 'target.cjs': 'exports.x = 2;' }, 'steps.cjs');
  });

  const REQUIRED: [string, string, string][] = [
    [
      'a require that is made',
      'steps.mjs',
      `import { createRequire } from 'node:module';
export const x = createRequire(import.meta.url)('shared');`,
    ],
    ['require.resolve', 'steps.cjs', `exports.x = require.resolve('shared');`],
  ];
  test.each(REQUIRED)('by %s, of a local package that has two modules the one for require is followed', async (_name, steps, text) => {
    const exports = { import: './import.mjs', require: './require.cjs' };
    await write({
      [steps]: text,
      'shared/package.json': JSON.stringify({ name: 'shared', exports }),
      'shared/import.mjs': 'export const x = 1;',
      'shared/require.cjs': 'exports.x = 1;',
    });
    await mkdir(join(root, 'node_modules'));
    await symlink('../shared', join(root, 'node_modules/shared'));
    expect((await closureOf(steps)).files).toEqual(['shared/require.cjs', steps]);
    await expectMiss({ 'shared/require.cjs': 'exports.x = 2;' }, steps);
  });

  test('they are found in code that no module may have, as far as esbuild follows that', async () => {
    const resolve = `exports.y = require.resolve('./target.cjs');`;
    await write({ 'steps.cjs': `exports.x = 010;\n${resolve}`, 'target.cjs': 'exports.x = 1;' });
    await expectMiss({ 'target.cjs': 'exports.x = 2;' }, 'steps.cjs');
    await write({ 'steps.cjs': `with (Math) exports.x = PI;\n${resolve}` });
    expect((await closureOf('steps.cjs')).uncacheable).toMatch(/^steps\.cjs:1: With statements cannot be used/);
  });

  test('a URL of data, or of a file that is yet to be written, is not', async () => {
    await write({
      'steps.ts': `export const [a, b] = [new URL('./wine.csv', import.meta.url), new URL('./out.js', import.meta.url)];`,
      'wine.csv': '1',
    });
    await expectHit({ 'wine.csv': '2' });
  });

  test('a worker that is written after the module that names it is followed from then on', async () => {
    await write({ 'steps.ts': `export const x = () => new Worker(new URL('./workers/target.ts', import.meta.url));` });
    await expectMiss({ 'workers/target.ts': 'export const x = 1;' });
    await expectMiss({ 'workers/target.ts': 'export const x = 2;' });
  });

  test('beside x.js, the x.ts that tsx would take counts too', async () => {
    await write({ 'steps.ts': `export { x } from './x.js';`, 'x.js': 'export const x = 1;', 'x.ts': 'export const x = 1 as number;' });
    expect((await closureOf()).files).toEqual(['steps.ts', 'x.js', 'x.ts']);
  });

  test.each(['ts', 'tsx'])('beside a .%s, what is compiled beside it and required without an extension counts too', async (extension) => {
    const twins = { [`x.${extension}`]: 'export const x = 1 as number;', [`lib/index.${extension}`]: 'export const y = 1 as number;' };
    await write({ 'package.json': '{ "name": "project" }', 'steps.js': `exports.z = [require('./x'), require('./lib')];` });
    await write({ ...twins, 'x.js': 'exports.x = 1;', 'lib/index.js': 'exports.y = 1;' });
    expect((await closureOf('steps.js')).files).toEqual(['lib/index.js', `lib/index.${extension}`, 'steps.js', 'x.js', `x.${extension}`]);
    await expectMiss({ 'x.js': 'exports.x = 2;' }, 'steps.js');
    await expectMiss({ 'lib/index.js': 'exports.y = 2;' }, 'steps.js');
    await expectMiss({ [`x.${extension}`]: 'export const x = 2;' }, 'steps.js');
  });
});

describe('a reference that cannot be followed makes it uncacheable, and the reason names file and expression', () => {
  const MODULE = `import { createRequire } from 'node:module';\n`;
  const hidden: [string, string, RegExp][] = [
    [
      'createRequire under another name',
      `import { createRequire as cr } from 'node:module';\nconst load = cr(import.meta.url);\nexport const x = load('./lib/a.ts');`,
      /^steps\.ts: .*createRequire.*: createRequire as cr$/,
    ],
    ['createRequire kept under another name', `${MODULE}const cr = createRequire;\nexport const x = cr;`, /: cr=createRequire$/],
    [
      'a require that is assigned',
      `${MODULE}let load;\nload = createRequire(import.meta.url);\nexport const x = load('./lib/a.ts');`,
      /: load=createRequire\(import\.meta\.url\)$/,
    ],
    [
      'a require in a variable',
      `${MODULE}let load = createRequire(import.meta.url);\nexport const x = load('./lib/a.ts');`,
      /createRequire/,
    ],
    [
      'a require in an object',
      `${MODULE}const o = { load: createRequire(import.meta.url) };\nexport const x = o.load('./lib/a.ts');`,
      /: load:createRequire\(import\.meta\.url\)$/,
    ],
    ['a require that is exported', `${MODULE}export const load = createRequire(import.meta.url);`, /createRequire/],
    ['a require that is exported later', `${MODULE}const load = createRequire(import.meta.url);\nexport { load };`, /createRequire/],
    ['a require that is handed on', `${MODULE}const load = createRequire(import.meta.url);\nexport const x = [load];`, /: \[load\]$/],
    ['its other functions', `${MODULE}const load = createRequire(import.meta.url);\nexport const x = load.main;`, /: load\.main$/],
    [
      'a worker of a path',
      `import { Worker } from 'node:worker_threads';\nexport const x = () => new Worker('./lib/a.ts');`,
      /^steps\.ts: .*new URL\(literal, import\.meta\.url\): new Worker\("\.\/lib\/a\.ts"\)$/,
    ],
    [
      'a worker under another name',
      `import { Worker as W } from 'node:worker_threads';\nexport const x = () => new W('./lib/a.ts');`,
      /: new W\(/,
    ],
    ['a fork', `import cp from 'node:child_process';\nexport const x = () => cp.fork('./lib/a.ts');`, /: cp\.fork\("\.\/lib\/a\.ts"\)$/],
    [
      'a worker of a composed URL',
      `import { Worker } from 'node:worker_threads';\nexport const x = (n: string) => new Worker(new URL('./lib/' + n, import.meta.url));`,
      /^steps\.ts: .*new URL\(literal, import\.meta\.url\): new Worker\(/,
    ],
    [
      'a worker whose composed URL has a name',
      `import { Worker } from 'node:worker_threads';\nexport const x = (n: string) => { const url = new URL(\`./lib/\${n}.ts\`, import.meta.url); return new Worker(url); };`,
      /: new Worker\(url\)$/,
    ],
    [
      'a fork that was taken out under another name',
      `import cp from 'node:child_process';\nconst { fork: start } = cp;\nexport const x = () => start('./lib/a.ts');`,
      /: start\("\.\/lib\/a\.ts"\)$/,
    ],
    [
      'a worker under a name of its own',
      `import { Worker } from 'node:worker_threads';\nconst W = Worker;\nexport const x = () => new W('./lib/a.ts');`,
      /: new W\("\.\/lib\/a\.ts"\)$/,
    ],
    [
      'a class of workers',
      `import { Worker } from 'node:worker_threads';\nclass Pool extends Worker { constructor(name: string) { super(import.meta.dirname + name); } }\nexport const x = () => new Pool('/lib/a.ts');`,
      /^steps\.ts: which modules it starts .* called by its name: class Pool extends Worker/,
    ],
    [
      'a fork that is handed on',
      `import { fork } from 'node:child_process';\nexport const x = ['./lib/a.ts'].map(fork as never);`,
      /: \["\.\/lib\/a\.ts"\]\.map\(fork\)$/,
    ],
    [
      'the require of the main module',
      `declare const require: any;\nexport const x = () => require.main.require('./lib/a.ts');`,
      /^steps\.ts: what the require of another module finds .*: require\.main\.require\("\.\/lib\/a\.ts"\)$/,
    ],
    [
      'a require of another place',
      `${MODULE}const load = createRequire(new URL('./other/', import.meta.url));\nexport const x = load('./lib/a.ts');`,
      /^steps\.ts: .*createRequire\(import\.meta\.url\).*: createRequire\(new URL\("\.\/other\/"/,
    ],
    ['eval', `export const x = () => eval('import("./lib/a.ts")');`, /^steps\.ts: code is made at run time.*: eval\(/],
    ['eval of another name', `export const x = (0, eval)('1');`, /code is made at run time/],
    ['eval of the global object', `export const x = globalThis.eval('1');`, /code is made at run time/],
    ['new Function', `export const x = new Function('u', 'return import(u)');`, /code is made at run time.*: new Function\(/],
    ['Function', `export const x = Function('u', 'return import(u)');`, /code is made at run time.*: Function\(/],
  ];
  test.each(hidden)('%s', async (_name, text, reason) => {
    await write({ 'steps.ts': text, 'lib/a.ts': 'export const a = 1;' });
    expect((await closureOf()).uncacheable).toMatch(reason);
  });

  const harmless: [string, string][] = [
    ['a method called eval', `export const x = { eval: () => 1 }.eval();`],
    ['a test for functions', `export const x = (f: unknown) => f instanceof Function;`],
    ['a class of the same name', `class Worker { constructor(readonly name: string) {} }\nexport const x = new Worker('./lib/a.ts');`],
    [
      'a fork of something else',
      `declare const repository: { fork(name: string): void };\nexport const x = () => repository.fork('main');`,
    ],
    [
      'a worker of the module itself',
      `import { Worker } from 'node:worker_threads';\nexport const x = () => [new Worker(new URL(import.meta.url)), new Worker(import.meta.filename)];`,
    ],
    [
      'a question after a worker, and a method of its name',
      `import { fork } from 'node:child_process';\nimport { Worker } from 'node:worker_threads';\nexport class X { fork(x: unknown) { return x instanceof Worker; } }`,
    ],
    ['a question after the main module', `declare const require: any, module: any;\nexport const x = require.main === module;`],
    ['a word in a text', `export const x = 'eval(createRequire)';`],
  ];
  test.each(harmless)('not %s', async (_name, text) => {
    await write({ 'steps.ts': text });
    expect((await closureOf()).uncacheable).toBeUndefined();
  });
});
