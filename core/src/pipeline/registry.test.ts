import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { isPipeline, pipeline } from './pipeline.ts';
import { findPipeline, pipelinesOf } from './registry.ts';
import { setRunGuard } from './run-guard.ts';
import { isStep, step } from './step.ts';

const here = import.meta.url;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mortise-registry-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a pipeline that was defined', () => {
  test('is found by its module and name, exported or not, in the order of definition', () => {
    const one = pipeline('one', () => undefined);
    const two = pipeline('two', () => undefined);
    expect(findPipeline(here, 'one')).toBe(one);
    expect(pipelinesOf(here)).toEqual([one, two]);
    expect(findPipeline(here, 'three')).toBeUndefined();
    expect(pipelinesOf('file:///elsewhere.ts')).toEqual([]);
  });

  test('of the same name replaces the one before', () => {
    pipeline('again', () => undefined);
    const second = pipeline('again', () => undefined);
    expect(findPipeline(here, 'again')).toBe(second);
  });

  test('is listed under the file that defines it, not under the file that imports it', async () => {
    const source = new URL('.', here).href;
    const inner = join(folder, 'inner.mts');
    const outer = join(folder, 'outer.mts');
    await writeFile(inner, `import { pipeline } from '${source}pipeline.ts';\nexport const inner = pipeline('inner', () => undefined);\n`);
    await writeFile(
      outer,
      `import './inner.mts';\nimport { pipeline } from '${source}pipeline.ts';\npipeline('outer', () => undefined);\n`,
    );
    const script = join(folder, 'main.mts');
    const names = (file: string) => `pipelinesOf('${pathToFileURL(file).href}').map((found) => found.pipelineName)`;
    await writeFile(
      script,
      `import './outer.mts';\nimport { pipelinesOf } from '${source}registry.ts';\nconsole.log(JSON.stringify([${names(inner)}, ${names(outer)}]));\n`,
    );
    const { execFile } = await import('node:child_process');
    const { promisify } = await import('node:util');
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=mortise-source', script]);
    expect(JSON.parse(stdout)).toEqual([['inner'], ['outer']]);
  });

  test('is told from other functions', () => {
    const load = step('load', () => 1);
    expect([isPipeline(pipeline('told', () => undefined)), isPipeline(load), isPipeline(() => 1), isPipeline({})]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([isStep(load), isStep(load.fn), isStep(undefined)]).toEqual([true, false, false]);
  });
});

describe('under a guard', () => {
  afterEach(() => setRunGuard(undefined));

  test('run() names the pipeline with its params and options, does not run, and never settles', async () => {
    const nominations: unknown[][] = [];
    setRunGuard({ nominate: (...nomination) => void nominations.push(nomination), halt: () => undefined });
    const guarded = pipeline('guarded', { params: { lr: 1 } }, () => {
      throw new Error('the body was run');
    });
    let settled = false;
    const run = guarded.run({ lr: 2 }, { stack: 'team' }).finally(() => {
      settled = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(nominations).toEqual([[guarded, { lr: 2 }, { stack: 'team' }]]);
    expect([settled, run instanceof Promise]).toEqual([false, true]);
  });
});
