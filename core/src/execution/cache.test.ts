import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import type { PipelineRun } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

// Each run is a process of its own, as a user's would be: a module is loaded once per process.
let project: Awaited<ReturnType<typeof temporaryProject>>;
let folder: string;
let count = 0;

beforeAll(async () => {
  project = await temporaryProject();
});
afterAll(() => project.remove());
beforeEach(() => {
  folder = join(project.project.root, `case${++count}`);
  mkdirSync(folder);
});

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** Runs main.ts of the case; it prints its run as JSON. */
function run(env: Record<string, string> = {}): PipelineRun {
  const out = execFileSync(process.execPath, ['--no-warnings', join(folder, 'main.ts')], {
    cwd: project.project.root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  return JSON.parse(out) as PipelineRun;
}

const main = (steps: string, body: string, more = ''): string => `
import { pipeline, step } from '@mortise/core';
${steps}
const p = pipeline('case${count}', () => { ${body} });
process.stdout.write(JSON.stringify(await p.run({}, { ${more} })));
`;

function expectStatus(result: PipelineRun, step: string, status: string): void {
  expect({ step, status: result.steps[step]?.status, error: result.error }).toEqual({ step, status, error: null });
}

describe('a step comes from the cache', () => {
  it('when nothing has changed, in another process', () => {
    write(
      'main.ts',
      main(`const a = step('a', () => ({ n: 1 }));\nconst b = step('b', ({ x }: { x: { n: number } }) => x.n + 1);`, 'b({ x: a() });'),
    );
    expectStatus(run(), 'b', 'completed');
    const again = run();
    expectStatus(again, 'a', 'cached');
    expectStatus(again, 'b', 'cached');
  });

  it('when only a comment or white space has changed', () => {
    const text = main(`const a = step('a', () => 1);`, 'a();');
    write('main.ts', text);
    run();
    write('main.ts', text.replace('const a', '// a remark\n\n  const a'));
    expectStatus(run(), 'a', 'cached');
    write('main.ts', text.replace('() => 1', '() => /* one */\n   1 // yes\n'));
    expectStatus(run(), 'a', 'cached');
  });

  it('when it was made in a function but declares a key of its own, and two keys are told apart', () => {
    write(
      'main.ts',
      main(`const make = (n: number) => step('s' + n, { cacheKey: n }, () => n);\nconst s1 = make(1); const s2 = make(2);`, 's1(); s2();'),
    );
    run();
    const again = run();
    expectStatus(again, 's1', 'cached');
    expectStatus(again, 's2', 'cached');
    write(
      'main.ts',
      main(`const make = (n: number) => step('s', { cacheKey: n }, () => n);\nconst one = make(1); const two = make(2);`, 'one(); two();'),
    );
    const other = run();
    expectStatus(other, 's', 'completed');
    expectStatus(other, 's_2', 'completed');
  });

  it('when it is made in the body of its pipeline with a key of its own, whatever ran before in the process', () => {
    write(
      'main.ts',
      `import { pipeline, step } from '@mortise/core';
const make = (n: number) => step('s', { cacheKey: n }, () => n);
const p = pipeline('in_body', { params: { n: 0 } }, ({ n }) => make(n)());
const statuses: string[] = [];
for (const n of [1, 2, 1, 2]) statuses.push((await p.run({ n })).steps['s']!.status);
process.stdout.write(JSON.stringify(statuses));
`,
    );
    expect(run()).toEqual(['completed', 'completed', 'cached', 'cached']);
  });
});

describe('a step runs anew', () => {
  it('when a helper in another local file has changed', () => {
    write('helper.ts', 'export const factor = () => 2;');
    write('main.ts', main(`import { factor } from './helper.ts';\nconst a = step('a', () => factor());`, 'a();'));
    run();
    expectStatus(run(), 'a', 'cached');
    write('helper.ts', 'export const factor = () => 3;');
    expectStatus(run(), 'a', 'completed');
  });

  it('when a constant in the same file has changed', () => {
    write('main.ts', main(`const k = 1;\nconst a = step('a', () => k);`, 'a();'));
    run();
    write('main.ts', main(`const k = 2;\nconst a = step('a', () => k);`, 'a();'));
    expectStatus(run(), 'a', 'completed');
  });

  it('when a parameter or an input has another value', () => {
    const text = (n: number): string => `
import { pipeline, step } from '@mortise/core';
const a = step('a', ({ n }: { n: number }) => [n]);
const b = step('b', ({ list }: { list: number[] }) => list.length);
const p = pipeline('params', { params: { n: 1 } }, ({ n }) => { b({ list: a({ n }) }); });
process.stdout.write(JSON.stringify(await p.run({ n: Number(process.env.N ?? ${n}) })));
`;
    write('main.ts', text(1));
    run();
    const other = run({ N: '2' });
    expectStatus(other, 'a', 'completed');
    expectStatus(other, 'b', 'completed');
    expectStatus(run({ N: '2' }), 'b', 'cached');
  });

  it('when it is made in the body of a pipeline, and what that was given by the module that made it has changed', () => {
    write(
      'make.ts',
      `import { pipeline, step } from '@mortise/core';\nexport const make = (fn: () => number) => pipeline('made', () => step('s', { cacheKey: 1 }, () => fn())());\n`,
    );
    write('go.ts', `export const go = (p: any) => setTimeout(async () => process.stdout.write(JSON.stringify(await p.run())));`);
    for (const n of [1, 2]) {
      write('main.ts', `import { go } from './go.ts';\nimport { make } from './make.ts';\ngo(make(() => ${n}));\n`);
      expectStatus(run(), 's', 'completed');
      expectStatus(run(), 's', 'cached');
    }
  });

  it('when it is another of two definitions of its name, chosen at run time', () => {
    const choose = `const a = process.env.OTHER ? step('a', () => 'other') : step('a', () => 'one');`;
    write('main.ts', main(choose, 'return a();'));
    run();
    expectStatus(run({ OTHER: '1' }), 'a', 'completed');
    expectStatus(run({ OTHER: '1' }), 'a', 'cached');
    expectStatus(run(), 'a', 'cached');
  });

  it('when the version of a package it imports has changed', () => {
    const installed = join(folder, 'node_modules', 'thing');
    mkdirSync(installed, { recursive: true });
    const manifest = (version: string): void =>
      writeFileSync(join(installed, 'package.json'), JSON.stringify({ name: 'thing', version, type: 'module', main: 'i.js' }));
    manifest('1.0.0');
    writeFileSync(join(installed, 'i.js'), 'export default 1;');
    write('main.ts', main(`import thing from 'thing';\nconst a = step('a', () => thing);`, 'a();'));
    run();
    expectStatus(run(), 'a', 'cached');
    manifest('1.0.1');
    expectStatus(run(), 'a', 'completed');
  });

  it('when a declared extra file or environment variable has changed', () => {
    write('data.txt', 'one');
    write('main.ts', main(`const a = step('a', { cacheFiles: ['case${count}/data.txt'], cacheEnv: ['CASE_ENV'] }, () => 1);`, 'a();'));
    run();
    expectStatus(run(), 'a', 'cached');
    expectStatus(run({ CASE_ENV: 'x' }), 'a', 'completed');
    write('data.txt', 'two');
    expectStatus(run(), 'a', 'completed');
  });

  it('when what it is given has the bytes of the earlier value, but is another one', () => {
    write(
      'main.ts',
      main(
        `
import { registerMaterializer } from '@mortise/core';
class Table { columns: number; cells: Uint8Array; constructor(columns: number, cells: Uint8Array) { this.columns = columns; this.cells = cells; } }
registerMaterializer<Table>({
  name: 'table',
  version: 1,
  handles: (value): value is Table => value instanceof Table,
  async save(table, out) { await out.write(table.cells); return { columns: table.columns }; },
  async load(from, meta) { return new Table((meta as { columns: number }).columns, await from.bytes()); },
});
const other = process.env.OTHER !== undefined;
const samples = step('samples', { cacheEnv: ['OTHER'] }, () => other ? Int16Array.of(-1) : Uint16Array.of(65535));
const first = step('first', ({ of }: { of: ArrayLike<number> }) => of[0]);
const table = step('table', { cacheEnv: ['OTHER'] }, () => new Table(other ? 3 : 2, new Uint8Array(6)));
const columns = step('columns', ({ of }: { of: Table }) => of.columns);
const lists = step('lists', { cacheEnv: ['OTHER'] }, () => [other ? '[1]' : [1]]);
const kind = step('kind', ({ of }: { of: unknown }) => typeof of);
`,
        'first({ of: samples() }); columns({ of: table() }); kind.map({ of: lists() });',
      ),
    );
    const changed = (): (string | undefined)[] => {
      const { steps, error } = run({ OTHER: '1' });
      expect(error).toBeNull();
      return ['first', 'columns', 'kind[0]'].map((id) => steps[id]?.status);
    };
    run();
    expect(changed()).toEqual(['completed', 'completed', 'completed']);
    expect(changed()).toEqual(['cached', 'cached', 'cached']);
  });

  it('when its module was changed while an earlier run went on, which had loaded it before', () => {
    write(
      'later.ts',
      `import { step } from '@mortise/core';\nconst n = 1;\nexport const later = step('later', (_: { edited: number }) => n);\n`,
    );
    write(
      'main.ts',
      `import { pipeline, step } from '@mortise/core';
import { readFileSync, writeFileSync } from 'node:fs';
import { later } from './later.ts';
const path = import.meta.dirname + '/later.ts';
const edit = step('edit', { cache: false }, () => { writeFileSync(path, readFileSync(path, 'utf8').replace('n = 1', 'n = 2')); return 0; });
const p = pipeline('later', () => { const edited = edit(); return later({ edited }); });
process.stdout.write(JSON.stringify(await p.run()));
`,
    );
    run();
    expectStatus(run(), 'later', 'completed');
    expectStatus(run(), 'later', 'cached');
  });

  it.each([
    ['before', `const first = step('first', { isolation: 'process', cache: false }, () => 0);`],
    ['after', `const first = step('first', { cache: false }, () => 0);`],
  ])('when its module was changed while an earlier run went on, whose processes had been started %s that', (started, first) => {
    const later = (n: number): void =>
      write(
        'later.ts',
        `import { step } from '@mortise/core';\nconst n = ${n};\nexport const later = step('later', { isolation: 'process' }, (_: { edited: number }) => n);\n`,
      );
    later(1);
    write(
      'main.ts',
      `import { pipeline, step } from '@mortise/core';
import { readFileSync, writeFileSync } from 'node:fs';
import { later } from './later.ts';
const path = import.meta.dirname + '/later.ts';
${first}
const edit = step('edit', { cache: false }, (_: { first: number }) => {
  if (process.env.EDIT) writeFileSync(path, readFileSync(path, 'utf8').replace('n = 1', 'n = 2'));
  return 0;
});
const p = pipeline('later_${started}', () => later({ edited: edit({ first: first() }) }));
process.stdout.write(JSON.stringify(await p.run()));
`,
    );
    const edited = run({ EDIT: '1' });
    expect(edited.steps['later']!.reason).toBe('its sources were changed while the run went on');
    for (const n of [2, 1]) {
      later(n);
      expect(run()).toMatchObject({ result: n, steps: { later: { status: 'completed' } } });
      expect(run()).toMatchObject({ result: n, steps: { later: { status: 'cached' } } });
    }
  });

  it('when the module of an inherited method was changed while an earlier run went on, which had loaded it before', () => {
    // As a compiler of decorators leaves it.
    const decorated = `const decorate = (C, name, how) => {
  const given = Object.getOwnPropertyDescriptor(C.prototype, name);
  Object.defineProperty(C.prototype, name, how(C.prototype, name, given) ?? given);
};`;
    write(
      'base.js',
      `import { step } from '@mortise/core';
${decorated}
const n = 1;
export class Base { async later({ edited }) { return n; } }
decorate(Base, 'later', step());
`,
    );
    write(
      'main.ts',
      `import { pipeline, runPipeline, step } from '@mortise/core';
import { readFileSync, writeFileSync } from 'node:fs';
import { Base } from './base.js';
${decorated.replace('(C, name, how)', '(C: any, name: string, how: any)')}
const path = import.meta.dirname + '/base.js';
class Edits extends Base {
  async edit() { writeFileSync(path, readFileSync(path, 'utf8').replace('n = 1', 'n = 2')); return 0; }
  async run() { const edited = await (this as any).edit(); return (this as any).later({ edited }); }
}
decorate(Edits, 'edit', step({ cache: false }));
decorate(Edits, 'run', pipeline());
process.stdout.write(JSON.stringify(await runPipeline(Edits as any)));
`,
    );
    run();
    expectStatus(run(), 'later', 'completed');
    expectStatus(run(), 'later', 'cached');
  });

  it('when the artifact store is another one', () => {
    write('main.ts', main(`const a = step('a', () => 1);`, 'a();'));
    run();
    expectStatus(run(), 'a', 'cached');
    const marker = join(project.project.artifactsFolder, '.mortise-artifact-store');
    const before = readFileSync(marker, 'utf8');
    const { id } = JSON.parse(before) as { id: string };
    writeFileSync(marker, before.replace(id, randomUUID()));
    expectStatus(run(), 'a', 'completed');
    writeFileSync(marker, before);
  });

  it('when asked to', () => {
    const steps = `const a = step('a', () => 1);`;
    write('main.ts', main(steps, 'a();'));
    run();
    write('main.ts', main(steps, 'a();', 'cache: false'));
    expectStatus(run(), 'a', 'completed');
  });
});

describe('a step is not cached, and the run says why', () => {
  it('with an import whose name is no literal', () => {
    write(
      'main.ts',
      main(
        `const name = './other.ts';\nconst a = step('a', async () => { if (process.env.NEVER) await import(name); return 1; });`,
        'a();',
      ),
    );
    run();
    const again = run();
    expectStatus(again, 'a', 'completed');
    expect(again.steps['a']!.reason).toMatch(/main\.ts.*import\(name\)/);
  });

  it('when it was made inside a function', () => {
    write('main.ts', main(`const make = (n: number) => step('a', () => n);\nconst a = make(1);`, 'a();'));
    run();
    const again = run();
    expectStatus(again, 'a', 'completed');
    expect(again.steps['a']!.reason).toContain('made inside the function make');
  });

  it('when an extra file is a folder, or is not there', () => {
    mkdirSync(join(folder, 'data'));
    for (const [file, reason] of [
      ['data', 'is a folder: name the files in it'],
      ['gone', 'cannot be read'],
    ] as const) {
      // prettier-ignore
      write('main.ts', main(`const a = step('a', { cacheFiles: ['case${count}/${file}'] }, () => 1);`, 'a();'));
      expect(run().steps['a']!.reason).toBe(`its extra file case${count}/${file} ${reason}`);
    }
  });

  it('when its function is bound, so that its text is not known', () => {
    write('main.ts', main(`const one = (n: number) => n;\nconst a = step('a', one.bind(null, 1) as () => number);`, 'a();'));
    run();
    const again = run();
    expectStatus(again, 'a', 'completed');
    expect(again.steps['a']!.reason).toContain('is bound or built in');
  });

  it('when its module is bundled together with Mortise', async () => {
    write('steps.ts', main(`const a = step('a', () => 1);`, 'a();'));
    const modules = join(project.project.root, 'node_modules');
    for (const [name, to] of Object.entries({ esbuild: 'node_modules/esbuild', '@mortise/flavor-local': 'flavors/local' }))
      symlinkSync(fileURLToPath(new URL(`../../../${to}`, import.meta.url)), join(modules, name), 'dir');
    const { build } = await import('esbuild');
    const external = ['esbuild', '@mortise/flavor-local', 'systeminformation', 'inversify'];
    const outfile = join(folder, 'out.mjs');
    await build({ entryPoints: [join(folder, 'steps.ts')], bundle: true, format: 'esm', platform: 'node', outfile, external });
    write('main.ts', `import './out.mjs';`);
    const result = run();
    expectStatus(result, 'a', 'completed');
    expect(result.steps['a']!.reason).toBe('its module is bundled together with @mortise/core; declare that external for a cache');
  });

  it('when it says so', () => {
    write('main.ts', main(`const a = step('a', { cache: false }, () => 1);`, 'a();'));
    run();
    expectStatus(run(), 'a', 'completed');
  });
});
