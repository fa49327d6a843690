import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { Client, pipeline, runPipeline, step } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
beforeAll(async () => {
  project = await temporaryProject();
});
afterAll(() => project.remove());

const WARNING = 'step "split" returned "c", which is none of its declared outputs: it is not kept';

const split = step('split', { outputs: ['a', 'b'] }, async () => ({ a: 1, b: 2, c: 3, d: undefined }));

class Splits {
  @step({ outputs: ['a', 'b'] })
  async split(): Promise<{ a: number; b: number; c?: number }> {
    return { a: 1, b: 2, c: 3 };
  }
  @pipeline()
  async run(): Promise<unknown> {
    return this.split();
  }
}

it('what a step returns beside its declared outputs is not kept, which is a warning of the run', async () => {
  const run = await pipeline('inline', () => split()).run({}, { cache: false });
  expect([run.result, run.warnings]).toEqual([{ a: 1, b: 2 }, [WARNING]]);
});

it('what a step returns beside its declared outputs is not kept in a step process either', async () => {
  writeFileSync(
    join(project.project.root, 'elsewhere.ts'),
    `import { pipeline, step } from '@mortise/core';
const split = step('split', { outputs: ['a', 'b'] }, async () => ({ a: 1, b: 2, c: 3 }));
export const elsewhere = pipeline('elsewhere', () => split());
await elsewhere.run({}, { name: 'elsewhere', isolation: 'process' });`,
  );
  execFileSync(process.execPath, ['--no-warnings', 'elsewhere.ts'], { cwd: project.project.root, timeout: 60_000 });
  expect(await new Client().getPipelineRun('elsewhere')).toMatchObject({ status: 'completed', warnings: [WARNING] });
});

it('run() of a class is given the declared outputs, the first time as from the cache', async () => {
  const first = await runPipeline(Splits);
  const again = await runPipeline(Splits);
  expect([first.steps['split']!.cached, again.steps['split']!.cached]).toEqual([false, true]);
  expect([first.result, again.result]).toEqual([
    { a: 1, b: 2 },
    { a: 1, b: 2 },
  ]);
  expect(first.warnings).toEqual([WARNING]);
});
