import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { definitionSite, type DefinitionSite } from './definition-site.ts';

const SOURCE = new URL('./definition-site.ts', import.meta.url);
const run = promisify(execFile);

/** Each site is kept under what `insideFunction` should be. */
const FUNCTION_STYLE = `
import { definitionSite } from 'CORE';
import { makeElsewhere } from './elsewhere.EXT';
const sites: any = {};
sites.topLevel = definitionSite();
[1].map(() => { sites.inMap = definitionSite(); });
const make = () => definitionSite();
sites.inFactory = make();
class Holder { static site = definitionSite(); static { sites.inStaticBlock = definitionSite(); } constructor() { sites.inConstructor = definitionSite(); } }
sites.inStaticField = Holder.site; new Holder();
sites.inMethod = { method() { return definitionSite(); } }.method();
await 0;
sites.afterAwait = definitionSite();
await (async () => { await 0; sites.inAsyncCallback = definitionSite(); })();
await Promise.resolve().then(() => { sites.inThen = definitionSite(); });
await new Promise<void>((done) => setTimeout(() => { sites.inTimer = definitionSite(); done(); }, 1));
function outer() { return makeElsewhere(); }
sites.elsewhere = outer();
console.log(JSON.stringify(sites));
`;
const ELSEWHERE = `
import { definitionSite } from 'CORE';
export const makeElsewhere = () => definitionSite();
`;
const CLASS_STYLE = `
import { definitionSite } from 'CORE';
const sites: any = {};
const mark = (name: string, site: any) => { sites[name] = site; return (target: any, _context?: any): any => {}; };
export class Named { @mark('named', definitionSite({ wrappers: 'nameless' })) async run() {} }
export const Expression = class { @mark('expression', definitionSite({ wrappers: 'nameless' })) async run() {} };
const factory = () => { class Made { @mark('inFactory', definitionSite({ wrappers: 'nameless' })) async run() {} } return Made; };
factory();
[1].map(() => { class Made { @mark('inMap', definitionSite({ wrappers: 'nameless' })) async run() {} } return Made; });
console.log(JSON.stringify(sites));
`;
const IN_FUNCTION_STYLE = {
  topLevel: undefined,
  inMap: '(anonymous)',
  inFactory: 'make',
  inStaticBlock: undefined,
  inConstructor: 'Holder',
  inStaticField: undefined,
  inMethod: 'method',
  afterAwait: undefined,
  inAsyncCallback: '(anonymous)',
  inThen: '(anonymous)',
  inTimer: '(anonymous)',
  elsewhere: 'makeElsewhere',
};
const IN_CLASS_STYLE = { named: undefined, expression: undefined, inFactory: 'factory', inMap: '(anonymous)' };

type Compiler = (source: string) => Promise<string>;
const keep: Compiler = async (source) => source;
const tsc: Compiler = async (source) => {
  const { default: ts } = await import('typescript');
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(source, { compilerOptions }).outputText;
};
const swc =
  (transform: { legacyDecorator: true } | { decoratorVersion: '2022-03' }): Compiler =>
  async (source) => {
    const { transform: compile } = await import('@swc/core');
    const jsc = { target: 'es2022', parser: { syntax: 'typescript', decorators: true }, transform } as const;
    return (await compile(source, { swcrc: false, jsc })).code;
  };
const TSX = ['--import', import.meta.resolve('tsx')];

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'mortise-site-')));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Compiles the files, runs the first in a process of its own and gives back the sites that it prints. */
async function sitesOf(
  name: string,
  files: Record<string, string>,
  compile: Compiler,
  o: { ext?: string; core?: string; args?: string[] } = {},
) {
  const ext = o.ext ?? 'mjs';
  const project = join(folder, name);
  await mkdir(project, { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    const code = await compile(text.replace("'CORE'", `'${o.core ?? SOURCE.href}'`).replaceAll('EXT', ext));
    await writeFile(join(project, `${file}.${ext}`), code);
  }
  const entry = join(project, `${Object.keys(files)[0]}.${ext}`);
  const { stdout } = await run(process.execPath, [...(o.args ?? []), entry], { cwd: project });
  return { sites: JSON.parse(stdout) as Record<string, DefinitionSite>, entry: pathToFileURL(entry).href };
}

const insides = (sites: Record<string, DefinitionSite>) =>
  Object.fromEntries(Object.entries(sites).map(([key, site]) => [key, site.insideFunction]));

describe('a definition in function style', () => {
  const files = { user: FUNCTION_STYLE, elsewhere: ELSEWHERE };
  const cases: [string, Compiler, { ext?: string; args?: string[] }][] = [
    ['by Node itself', keep, { ext: 'mts' }],
    ['by tsx', keep, { ext: 'mts', args: TSX }],
    ['compiled by tsc, with source maps enabled', tsc, { args: ['--enable-source-maps'] }],
    ['compiled by swc', swc({ decoratorVersion: '2022-03' }), {}],
  ];
  test.each(cases)('is told from one inside a function, run %s', async (name, compile, o) => {
    const { sites, entry } = await sitesOf(name.replace(/\W+/g, '-'), files, compile, o);
    expect(insides(sites)).toEqual(IN_FUNCTION_STYLE);
    expect(sites['topLevel']).toMatchObject({ module: entry, frames: [entry] });
    const elsewhere = entry.replace('/user.', '/elsewhere.');
    expect(sites['elsewhere']).toMatchObject({ module: elsewhere, frames: [elsewhere, entry] });
  });

  // Both put the module's text into a function of their own: tsx of a file that is no ES module, vitest of any.
  const { afterAwait: _, ...withoutAwait } = IN_FUNCTION_STYLE;
  const noAwait = (text: string) => text.replace(/^await 0;\nsites.afterAwait.*$/m, '').replace(/^await (?=\(async|Promise|new)/gm, '');
  test('is told from one inside a function, run by tsx as CommonJS', async () => {
    const print = 'setTimeout(() => console.log(JSON.stringify(sites)), 50);';
    const user = noAwait(FUNCTION_STYLE).replace(/^console.log.*$/m, print);
    const core = fileURLToPath(SOURCE);
    const { sites, entry } = await sitesOf('tsx-cjs', { user, elsewhere: ELSEWHERE }, keep, { ext: 'cts', core, args: TSX });
    expect(insides(sites)).toEqual(withoutAwait);
    expect(sites['topLevel']).toMatchObject({ module: entry, frames: [entry] });
  });

  test('is told from one inside a function, run by vitest', async () => {
    const project = join(folder, 'vitest');
    await mkdir(project, { recursive: true });
    const write = (file: string, text: string) => writeFile(join(project, file), text.replace("'CORE'", `'${fileURLToPath(SOURCE)}'`));
    const out = join(project, 'sites.json');
    await write('elsewhere.ts', ELSEWHERE);
    const print = `(await import('node:fs')).writeFileSync(${JSON.stringify(out)}, JSON.stringify(sites));`;
    await write('user.ts', FUNCTION_STYLE.replace('elsewhere.EXT', 'elsewhere.ts').replace(/^console.log.*$/m, print));
    const vitest = join(dirname(fileURLToPath(import.meta.resolve('vitest/package.json'))), 'vitest.mjs');
    await write('user.test.ts', `import { it } from '${import.meta.resolve('vitest')}';\nimport './user.ts';\nit('runs', () => {});\n`);
    await run(process.execPath, [vitest, 'run', '--root', project], { cwd: project });
    const sites = JSON.parse(await readFile(out, 'utf8')) as Record<string, DefinitionSite>;
    expect(insides(sites)).toEqual(IN_FUNCTION_STYLE);
    const entry = pathToFileURL(join(project, 'user.ts')).href;
    expect(sites['topLevel']).toMatchObject({ module: entry, frames: [entry] });
  });

  test('names its line', async () => {
    const { sites } = await sitesOf('lines', { user: FUNCTION_STYLE, elsewhere: ELSEWHERE }, keep, { ext: 'mts' });
    expect([sites['topLevel']!.line, sites['inFactory']!.line]).toEqual([5, 7]);
  });
});

describe('a definition in a class', () => {
  const cases: [string, Compiler, { ext?: string; args?: string[] }][] = [
    ['by tsx', keep, { ext: 'mts', args: TSX }],
    ['compiled by tsc', tsc, {}],
    ['compiled by swc to standard decorators', swc({ decoratorVersion: '2022-03' }), {}],
    ['compiled by swc to legacy decorators', swc({ legacyDecorator: true }), {}],
  ];
  test.each(cases)('is not inside a function for the wrappers of its compiler, run %s', async (name, compile, o) => {
    const { sites } = await sitesOf(`class-${name.replace(/\W+/g, '-')}`, { user: CLASS_STYLE }, compile, o);
    expect(insides(sites)).toEqual(IN_CLASS_STYLE);
  });
});

describe('core bundled', () => {
  const bundle = async (entry: string, outdir: string) => {
    const { build } = await import('esbuild');
    await build({ entryPoints: [entry], bundle: true, splitting: true, format: 'esm', platform: 'node', outdir, logLevel: 'silent' });
  };
  const index = async (name: string) => {
    const entry = join(folder, name, 'src', 'index.ts');
    await mkdir(dirname(entry), { recursive: true });
    await writeFile(entry, `export { definitionSite } from '${fileURLToPath(SOURCE)}';\n`);
    return entry;
  };

  test('into chunks under dist/ is not taken for the user', async () => {
    const core = join(folder, 'core', 'dist', 'chunks');
    await bundle(await index('core'), core);
    const { sites, entry } = await sitesOf('beside', { user: FUNCTION_STYLE, elsewhere: ELSEWHERE }, tsc, { core: join(core, 'index.js') });
    expect(sites['topLevel']).toMatchObject({ module: entry });
    expect(insides(sites)).toEqual(IN_FUNCTION_STYLE);
  });

  test("into the user's own file gives that file", async () => {
    await sitesOf('whole', { user: FUNCTION_STYLE, elsewhere: ELSEWHERE }, tsc, { core: fileURLToPath(SOURCE) });
    const out = join(folder, 'whole', 'dist');
    await bundle(join(folder, 'whole', 'user.mjs'), out);
    const { stdout } = await run(process.execPath, [join(out, 'user.js')]);
    const { topLevel } = JSON.parse(stdout) as { topLevel: DefinitionSite };
    const module = pathToFileURL(join(out, 'user.js')).href;
    expect(topLevel).toEqual({ module, frames: [module], line: expect.any(Number), bundled: true });
  });
});

const here = definitionSite();

describe('under jest', () => {
  test('a path is made a file: URL, and the top level of a test file is a top level', () => {
    expect(here).toMatchObject({ module: import.meta.url, frames: [import.meta.url], insideFunction: undefined });
  });

  test('a definition within a test is inside a function', () => {
    expect(definitionSite()).toMatchObject({ module: import.meta.url, insideFunction: '(anonymous)' });
  });

  test('a query of the URL is left out', async () => {
    const file = join(folder, 'query.mjs');
    await writeFile(file, `export const site = (definitionSite) => definitionSite();\n`);
    const { site } = (await import(`${pathToFileURL(file).href}?v=1`)) as { site: (f: typeof definitionSite) => DefinitionSite };
    expect(site(definitionSite).module).toBe(pathToFileURL(file).href);
  });

  test("the user's own stack settings are used by nobody and left as they were", () => {
    const { stackTraceLimit, prepareStackTrace } = Error;
    const own = () => 'own';
    try {
      Error.stackTraceLimit = 0;
      Error.prepareStackTrace = own;
      expect(definitionSite().module).toBe(import.meta.url);
      expect([Error.stackTraceLimit, Error.prepareStackTrace]).toEqual([0, own]);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
      Error.prepareStackTrace = prepareStackTrace;
    }
  });
});
