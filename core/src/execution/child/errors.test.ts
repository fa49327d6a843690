import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { scriptProject, type ScriptProject } from '../../testing/script-project.ts';

let project: ScriptProject;

beforeAll(async () => {
  project = await scriptProject();
});
afterAll(() => project.remove());

const IMPORT = `import { pipeline, step } from '@mortise/core';\n`;

/** The error of the one step of a script's pipeline, whose function has this body. */
async function errorOf(body: string, before = ''): Promise<{ name: string; message: string; stack?: string }> {
  project.write(
    'fails.ts',
    `${IMPORT}${before}
const fails = step('fails', { cache: false, isolation: 'process' }, async () => { ${body} });
const run = await pipeline('fails', () => { fails(); }).run();
console.log(JSON.stringify(run.steps['fails']!.error));`,
  );
  return project.json('fails.ts');
}

describe('what a step throws in a process of its own', () => {
  it('keeps its name, message, stack and causes', async () => {
    const error = await errorOf(
      `class Odd extends Error { override name = 'Odd'; }
       throw new Odd('wrong', { cause: new RangeError('deep') });`,
    );
    expect(error).toMatchObject({ name: 'Odd', message: 'wrong' });
    expect(error.stack).toMatch(/^Odd: wrong|^Error: wrong/);
    expect(error.stack).toContain('fails.ts:');
    expect(error.stack).toContain('Caused by: RangeError: deep');
  });

  it('stays coded when it was', async () => {
    const error = await errorOf(`return Object.assign(() => 1, {}) as never;`);
    expect(error).toMatchObject({ name: 'OUTPUT_NOT_STORABLE', message: expect.stringContaining('output is a function') });
  });

  it('may hold what cannot be sent', async () => {
    expect(await errorOf(`throw Object.assign(new Error('held'), { fn: () => 1, self: globalThis });`)).toMatchObject({
      name: 'Error',
      message: 'held',
    });
    expect(await errorOf(`throw { fn: () => 1 };`)).toMatchObject({ message: 'threw {}' });
    expect(await errorOf(`throw 'a text';`)).toMatchObject({ message: 'threw a text' });
    expect(await errorOf(`const e: Error & { cause?: unknown } = new Error('round'); e.cause = e; throw e;`)).toMatchObject({
      message: 'round',
    });
  });
});

describe('an error in what a step does on the side in a process of its own', () => {
  it('fails the step while that runs, and neither its process nor another step', async () => {
    const error = await errorOf(
      `setTimeout(() => { throw new RangeError('on the side'); }, 5); await new Promise((resolve) => setTimeout(resolve, 500));`,
    );
    expect(error).toMatchObject({ name: 'RangeError', message: 'on the side' });
  });

  it('is a warning of the run after that', async () => {
    project.write(
      'late-stray.ts',
      `${IMPORT}
const away = { cache: false, isolation: 'process' } as const;
const begun = Promise.withResolvers<void>();
const leaves = step('leaves', away, () => { void (async () => { await begun.promise; throw new Error('too late'); })(); });
const next = step('next', away, async () => { begun.resolve(); await new Promise((resolve) => setTimeout(resolve, 200)); });
const run = await pipeline('late-stray', () => { next({}, { after: [leaves()] }); }).run();
console.log(JSON.stringify({ status: run.status, warnings: run.warnings }));`,
    );
    expect(await project.json('late-stray.ts')).toEqual({
      status: 'completed',
      warnings: ['step "leaves" left something running, which failed after it had ended: too late'],
    });
  });
});

describe('a pipeline that cannot be found again', () => {
  /** The error of a script that prints it at its end. */
  const refusal = async (source: string): Promise<string> => {
    project.write('refused.ts', `${IMPORT}${source}`);
    const { name, message } = await project.json<{ name: string; message: string }>('refused.ts');
    expect(name).toBe('STEP_NOT_LOCATED');
    return message;
  };
  const away = `{ cache: false, isolation: 'process' } as const`;
  const print = (run: string): string => `const run = ${run};\nconsole.log(JSON.stringify(run.steps['one']!.error));`;

  it('was made in a function that importing its module does not call', async () => {
    expect(
      await refusal(`const one = step('one', ${away}, () => 1);
function late() { return pipeline('late', () => one()); }
await new Promise((resolve) => setTimeout(resolve, 1));
if (!process.connected) { ${print('await late().run()')} }`),
    ).toBe(
      `pipeline "late" cannot be found again in a child process: it is made inside the function late, which importing refused.ts does not call. Define it at the top level of a module, or run it with { isolation: 'inline' }.`,
    );
  });

  it('stands below a run in the same module', async () => {
    expect(
      await refusal(`const one = step('one', ${away}, () => 1);
await pipeline('first', () => step('zero', () => 0)()).run();
const second = pipeline('second', () => one());
${print('await second.run()')}`),
    ).toContain('refused.ts runs something else first, and what is below that is not reached. Define "second" above it,');
  });

  it('shares its name with another one of its module', async () => {
    expect(
      await refusal(`const make = (n: number) => pipeline('same', () => step('one', ${away}, () => n)());
const [one, two] = [make(1), make(2)];
void two;
${print('await one.run()')}`),
    ).toContain('refused.ts defines several pipelines of this name. Give each a name of its own,');
  });

  it('is another one wherever it is made', async () => {
    expect(
      await refusal(`const here = !process.connected;
const one = step('one', ${away}, () => 1);
const other = step('other', ${away}, () => 2);
const p = pipeline('other', () => (here ? one() : other()));
${print('await p.run()')}`),
    ).toContain('it has no step "one" there. Let its body and its modules make the same steps whenever the params are the same,');
  });

  it('is in a module that cannot be imported there', async () => {
    expect(
      await refusal(`if (process.connected) throw new Error('not twice');
const one = step('one', ${away}, () => 1);
const p = pipeline('import', () => one());
${print('await p.run()')}`),
    ).toMatch(/importing refused\.ts failed there: not twice\. What is at the top level of a module runs again/);
  });

  it('is in a module whose top level never ends', async () => {
    expect(
      await refusal(`if (process.connected) await new Promise(() => undefined);
const one = step('one', ${away}, () => 1);
const p = pipeline('never', () => one());
${print('await p.run()')}`),
    ).toContain('the top level of refused.ts awaits something that never happens');
  });

  it('tells steps apart that a function made', async () => {
    project.write(
      'factory.ts',
      `${IMPORT}
const times = (n: number) => step('times', ${away}, ({ x }: { x: number }) => n * x);
const [two, three] = [times(2), times(3)];
const p = pipeline('factory', () => {
  const own = step('own', ${away}, ({ x }: { x: number }) => x + 1);
  return { two: two({ x: 1 }), three: three({ x: 1 }), own: own({ x: 1 }) };
});
const first = (await p.run()).result;
const second = (await p.run()).result;
console.log(JSON.stringify([first, second]));`,
    );
    const expected = { two: 2, three: 3, own: 2 };
    expect(await project.json('factory.ts')).toEqual([expected, expected]);
  });
});

describe('a module that Node alone cannot load, as the parent does by a loader that its children do not have', () => {
  it.each([
    ['decorators', '{ "type": "module" }', '(class { @((value: unknown) => value as never) x() {} });'],
    ['an enum', '{ "type": "module" }', 'enum Wine { red }'],
    ['TypeScript in CommonJS', '{ "type": "commonjs" }', ''],
  ])('%s: the error says so, and what to do', async (what, manifest, before) => {
    const folder = `uncompiled-${what.split(' ').at(-1)}`;
    mkdirSync(join(project.root, folder));
    project.write(`${folder}/package.json`, manifest);
    project.write(
      `${folder}/away.ts`,
      `${IMPORT}${before}
const far = step('far', { cache: false, isolation: 'process' }, async () => 1);
export const away = pipeline('away', () => { far(); });`,
    );
    const file = `${folder}/main.mjs`;
    project.write(
      file,
      `const api = await import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))});
api.register();
(await import(${JSON.stringify(import.meta.resolve('tsx/cjs/api'))})).register();
const { away } = await import('./away.ts');
const run = await away.run();
console.log(JSON.stringify(run.steps['far'].error ?? run.error));`,
    );
    const { name, message } = await project.json<{ name: string; message: string }>(file);
    expect(name).toBe('STEP_NOT_LOCATED');
    expect(message).toContain('since Node alone loads modules there, without what compiles them here');
    expect(message).toContain('such as NODE_OPTIONS="--import=tsx", or run it with');
  });
});
