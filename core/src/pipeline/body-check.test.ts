import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { checkBody } from './body-check.ts';

/** Bodies without a wire in a condition. */
const GOOD: Record<string, string> = {
  'a param in a condition': `({ lr }) => { if (lr > 0.1) load(); else other(); }`,
  'a flag in every kind of condition': `({ flag, kind }) => {
    const a = flag ? load() : other();
    if (!flag && kind === 'x') train({ data: a });
    while (flag) break;
    switch (kind) { case 'x': load(); break; default: other(); }
  }`,
  'a step called on one side of &&': `({ flag }) => { flag && load(); flag || other(); }`,
  'a default by ??': `({ name }: { name?: string }) => { const used = name ?? 'wine'; train({ data: load(), used }); }`,
  'a method of a param': `({ names }) => { if (names.includes('red')) load(); if (!names.some((n: string) => n === 'x')) other(); }`,
  'a loop over params': `({ names }) => { for (let i = 0; i < names.length; i++) train({ data: load(), name: names[i] }); }`,
  'for-of over params': `({ names }) => { for (const name of names) if (name !== 'skip') train({ data: load(), name }); }`,
  'globals and their results': `({ at }) => { if (Date.now() > at && !Number.isNaN(at) && Object.keys({ at }).length) load(); if (process.env.CI) other(); }`,
  'a global called like a step': `({ at }) => { if (Math.random() && structuredClone({ at }) && parseInt({ at })) load(); }`,
  'a value beside a wire in one object': `({ lr }) => { const o = { m: load(), big: lr > 1 }; if (o.big) train({ data: o.m }); }`,
  'a wire in an array, its length tested': `({ lr }) => { const all = [load(), other()]; if (all.length === 2 && lr) train({ data: all }); }`,
  'when, and its branches': `() => { const good = load(); when(good, { then: () => other(), else: () => load() }); }`,
  'a helper written in the body that gives a value': `({ lr }) => { const big = (x: number) => x > 1; if (big(lr)) load(); }`,
  'a name that hides a wire': `({ names }) => { const m = load(); names.forEach((m: string) => { if (m) other(); }); train({ m }); }`,
  'a call by a literal': `({ lr }) => { if (isEnabled('train') && lr) load(); }`,
  'a condition inside a step defined in the body': `() => { const s = step('s', ({ data }) => { if (load()) return 1; return data ? 2 : 3; }); s({ data: load() }); }`,
  'params taken whole': `(params) => { if (params.lr && params['flag'] !== true) load(); }`,
};

/** Bodies with one, and how the source names the wire. */
const BAD: Record<string, [body: string, wire: RegExp]> = {
  if: [`() => { const w = load(); if (w) other(); }`, /^w$/],
  'if on the call itself': [`() => { if (load()) other(); }`, /load\)?\(\)/],
  '?:': [`() => { const w = load(); return w ? other() : load(); }`, /^w$/],
  '!': [`() => { const w = train({ data: 1 }); const not = !w; return not; }`, /^w$/],
  '&&': [`() => { const w = load(); w && other(); }`, /^w$/],
  '||': [`({ flag }) => { const w = load(); if (flag || w) other(); }`, /^w$/],
  '??': [`() => { const w = load(); return w ?? other(); }`, /\bw$|_a = w/],
  '??=': [`() => { let w = load(); w ??= other(); }`, /^w$/],
  while: [`() => { let w = load(); while (w) w = train({ data: w }); }`, /^w$/],
  do: [`() => { let w = load(); do { w = train({ data: w }); } while (w); }`, /^w$/],
  for: [`() => { for (let w = load(); w; w = train({ data: w })) other(); }`, /^w$/],
  switch: [`() => { switch (load()) { case 1: other(); } }`, /load\)?\(\)/],
  '===': [`() => { const w = load(); if (w === true) other(); }`, /^w$/],
  '!==': [`() => { const w = load(); return w !== undefined; }`, /^w$/],
  '== null': [`() => { const w = load(); return w == null; }`, /^w$/],
  typeof: [`() => { const w = load(); return typeof w; }`, /^w$/],
  'Boolean()': [`() => { const w = load(); return Boolean(w); }`, /^w$/],
  'Object.is': [`() => { const w = load(); return Object.is(w, true); }`, /^w$/],
  'filter(Boolean)': [`() => { const all = [load(), other()]; train({ data: all.filter(Boolean) }); }`, /^all$/],
  'a declared output': [`() => { const { good } = split({ data: load() }); if (good) other(); }`, /^good$/],
  'a wire in an object': [`({ lr }) => { const o = { m: load(), lr }; if (o.m) other(); }`, /^o\.m$/],
  'a wire put into an object later': [`() => { const o: any = {}; o.m = load(); if (o.m) other(); }`, /^o\.m$/],
  'a wire in an array': [`() => { for (const m of [load(), other()]) if (m) train({ m }); }`, /^m$/],
  'a wire pushed to an array': [`() => { const all: any[] = []; all.push(load()); if (all[0]) other(); }`, /^all\[0\]$/],
  'an element given to a callback': [`() => { [load(), other()].forEach((m) => { if (m) train({ m }); }); }`, /^m$/],
  'what a callback returns': [`({ names }) => { const all = names.map((n: string) => train({ n })); if (all[0]) other(); }`, /^all\[0\]$/],
  'one element of an array': [`() => { const all = [load(), other()]; if (all.at(0)) other(); }`, /^all\.at\(0\)$/],
  'a wire handed on by reduce': [
    `({ names }) => { const last = names.reduce((w: any, n: any) => train({ w, n }), load()); if (last) other(); }`,
    /^last$/,
  ],
  'elements kept by slice and concat': [`() => { const all = [1].concat([load()]).slice(1); if (all[0]) other(); }`, /^all\[0\]$/],
  'values of an object': [`() => { for (const m of Object.values({ a: load() })) if (m) other(); }`, /^m$/],
  'entries of an object': [`() => { for (const [name, m] of Object.entries({ a: load() })) if (name && m) other(); }`, /^m$/],
  'objects merged': [`({ lr }) => { const o = { lr, ...{ m: load() } }; if (o.m) other(); }`, /^o\.m$/],
  'a mapped step': [`() => { const s = score.map({ item: load() }, { model: other() }); if (s) other(); }`, /^s$/],
  'a helper written in the body': [`() => { function make() { return load(); } const w = make(); if (w) other(); }`, /^w$/],
  'a helper in the body that tests what it is given': [`() => { const both = (a: any) => { if (a) other(); }; both(load()); }`, /^a$/],
  'reassigned on the way': [`({ flag }) => { let w: any = 1; if (flag) w = load(); const v = w; if (v) other(); }`, /^v$/],
  'an input of a nested pipeline': [`(params, inputs) => { if (inputs.data) train({ data: inputs.data }); }`, /^inputs\.data$/],
  'an input, destructured': [`({ lr }, { data }) => { if (lr && data) train({ data }); }`, /^data$/],
  'a nested pipeline': [`({ lr }) => { const r = inner({ data: load() }, { lr }); if (r.model) other(); }`, /^r\.model$/],
  'within a branch of when': [`() => { const w = load(); when(w, { then: () => (w ? other() : load()) }); }`, /^w$/],
};

const HEADER = `import { step, load, other, train, split, score, inner, when, isEnabled, isProd, isBig } from './steps.js';\n`;
const NAMES = HEADER.match(/\{(.*)\}/)![1]!
  .split(',')
  .map((name) => name.trim());

type Compiler = (source: string) => Promise<{ code: string; extension: 'mjs' | 'cjs' }>;

const tsc =
  (target: 'ES2017' | 'ES2024', module: 'ESNext' | 'CommonJS'): Compiler =>
  async (source) => {
    const { default: ts } = await import('typescript');
    const compilerOptions = { target: ts.ScriptTarget[target], module: ts.ModuleKind[module] };
    return { code: ts.transpileModule(source, { compilerOptions }).outputText, extension: module === 'ESNext' ? 'mjs' : 'cjs' };
  };
const swc =
  (target: 'es2015' | 'es2022'): Compiler =>
  async (source) => {
    const { transform } = await import('@swc/core');
    const { code } = await transform(source, { swcrc: false, jsc: { target, parser: { syntax: 'typescript' } }, module: { type: 'es6' } });
    return { code, extension: 'mjs' };
  };
const esbuild =
  (o: { target: string; minify?: boolean }): Compiler =>
  async (source) => {
    const { transform } = await import('esbuild');
    const minify = o.minify ? { minifyWhitespace: true, keepNames: true } : {};
    return { code: (await transform(source, { loader: 'ts', target: o.target, ...minify })).code, extension: 'mjs' };
  };
const COMPILERS: Record<string, Compiler> = {
  'Node itself (strip)': async (source) => ({ code: stripTypeScriptTypes(source), extension: 'mjs' }),
  'tsc to ES2024': tsc('ES2024', 'ESNext'),
  'tsc to ES2017': tsc('ES2017', 'ESNext'),
  'tsc to CommonJS': tsc('ES2024', 'CommonJS'),
  'swc to es2022': swc('es2022'),
  'swc to es2015': swc('es2015'),
  'esbuild to es2019': esbuild({ target: 'es2019' }),
  tsx: esbuild({ target: 'node22', minify: true }),
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mortise-body-'));
  const steps = NAMES.map((name) => `exports.${name} = () => undefined;`).join('\n');
  await writeFile(join(folder, 'steps.js'), steps);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The text that `body.toString()` gives for each body after it went through a compiler. */
async function sourcesBy(compile: Compiler, name: string): Promise<Map<string, string>> {
  const bodies = { ...GOOD, ...Object.fromEntries(Object.entries(BAD).map(([key, [body]]) => [key, body])) };
  const entries = Object.entries(bodies).map(([key, body]) => `${JSON.stringify(key)}: ${body}`);
  const { code, extension } = await compile(`${HEADER}export const bodies: any = {\n${entries.join(',\n')}\n};`);
  const file = join(folder, `${name.replace(/\W+/g, '-')}.${extension}`);
  await writeFile(file, code);
  const { bodies: compiled } = (await import(pathToFileURL(file).href)) as { bodies: Record<string, () => void> };
  return new Map(Object.entries(compiled).map(([key, body]) => [key, body.toString()]));
}

describe.each(Object.entries(COMPILERS))('compiled by %s', (name, compile) => {
  let sources: Map<string, string>;
  beforeAll(async () => {
    sources = await sourcesBy(compile, name);
  });

  test('no good body is refused', async () => {
    const refused: Record<string, string[]> = {};
    for (const key of Object.keys(GOOD)) {
      const problems = await checkBody(sources.get(key)!);
      if (problems.length > 0) refused[key] = problems.map((problem) => problem.message);
    }
    expect(refused).toEqual({});
  });

  test('every bad body is refused, by the name of its wire', async () => {
    const passed: Record<string, string[]> = {};
    for (const [key, [, wire]] of Object.entries(BAD)) {
      const found = (await checkBody(sources.get(key)!)).map((problem) => problem.expression);
      if (found.length === 0 || !found.every((expression) => wire.test(expression))) passed[key] = found;
    }
    expect(passed).toEqual({});
  });
});

describe('what the check cannot know', () => {
  test('a call that only looks like a step is refused, and the message names the ways out', async () => {
    const [problem] = await checkBody('() => { if (isProd()) load(); }');
    expect(problem).toMatchObject({ kind: 'condition', expression: 'isProd()' });
    expect(problem!.message).toMatch(/when\(wire.*compute it above the pipeline or pass it as a param/);
    expect(await checkBody('({ lr }) => { if (isBig({ lr })) load(); }')).toHaveLength(1);
  });

  test('a helper from outside that tests the wire it is given is not seen', async () => {
    expect(await checkBody('() => { helper(load()); }')).toEqual([]);
  });
});

describe('the place', () => {
  test('is line and column in the source, for functions and for methods', async () => {
    const text = `({ lr }) {\n  const w = load();\n  return lr ||\n    (w ? 1 : 2);\n}`;
    for (const source of [`build${text}`, `function${text}`, `function build${text}`, `[name]${text}`]) {
      expect(await checkBody(source)).toMatchObject([{ line: 4, column: 6, expression: 'w' }]);
    }
    expect(await checkBody('() => load() ? 1 : 2')).toMatchObject([{ line: 1, column: 7, expression: 'load()' }]);
  });

  test('each wire is reported once, in order, its text on one line and cut to 80 characters', async () => {
    const problems = await checkBody(
      `() => { const a = load(); if (a && !a) other(); if (train({\n  data: ${'a.b'.repeat(40)} })) other(); }`,
    );
    expect(problems.map((problem) => problem.expression.length)).toEqual([1, 1, 80]);
    expect(problems.every((problem) => !problem.message.includes('\n'))).toBe(true);
  });
});

describe('a body without readable source', () => {
  test('is reported as not checkable', async () => {
    const problems = await checkBody(String(function body() {}.bind(null)));
    expect(problems).toMatchObject([{ kind: 'uncheckable' }]);
    expect(await checkBody('class X { m() { if (x) {} } }')).toMatchObject([{ kind: 'uncheckable' }]);
  });
});

describe('a body that needs no parser', () => {
  // Told by text that is no JavaScript: parsing it would be a problem of its own.
  const loops = [
    'for (const x of [1, 2]) load( ;',
    'for (const { a } of items) load( ;',
    'for (var k in o) load( ;',
    'for (let i = 0, n = 9; i <= n; i++) load( ;',
  ];
  test.each(['load( ;', ...loops])('is not parsed: %s', async (text) => {
    expect(await checkBody(`() => { ${text} }`)).toEqual([]);
  });

  const conditions = [
    'if',
    'a ? b',
    '!a',
    'a && b',
    'a || b',
    'while',
    'switch',
    'a === b',
    'typeof a',
    'Boolean(a)',
    'Object.is(a)',
    'Array.isArray(a)',
  ];
  const tested = ['for (let w = load(); w; ) (', 'for (;w;) (', "for (let s = '; i < n;'; w; ) (", 'for (let i = a ? 1 : 2; i < 3; i++) ('];
  test.each([...conditions, ...tested])('is parsed: %s', async (text) => {
    expect(await checkBody(`() => { load( ; ${text} }`)).toMatchObject([{ kind: 'uncheckable' }]);
  });
});
