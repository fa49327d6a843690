import { execFile, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { transform, type TransformConfig } from '@swc/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';

import { Client } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

// Each run is a process of its own, on the built core, of a file that a compiler made (or that a loader compiles).
const run = promisify(execFile);
const TSX = ['--import', import.meta.resolve('tsx')];

const BASE = `
import { step } from '@mortise/core';
import { rows } from './rows.EXT';

export interface Model { weights: number[] }
export class Base {
  @step()
  async load(): Promise<{ rows: number[] }> {
    return { rows };
  }
  @step({ experimentTracker: true })
  async train({ data, lr }: { data: { rows: number[] }; lr: number }): Promise<Model> {
    return { weights: data.rows.map((row) => row * lr) };
  }
}
`;
const CLASSES = `
import { pipeline, runPipeline, step, type PipelineRun } from '@mortise/core';
import { Base, type Model } from './base.EXT';

class Fixture extends Base {
  readonly power = 2;
  #private = 0;
  @step()
  override async train(inputs: { data: { rows: number[] }; lr: number }): Promise<Model> {
    const { weights } = await super.train(inputs);
    return { weights: weights.map((weight) => weight ** this.power + this.#private) };
  }
  @step({ outputs: ['low', 'high'] })
  async split({ model }: { model: Model }): Promise<{ low: number; high: number }> {
    return { low: Math.min(...model.weights), high: Math.max(...model.weights) };
  }
  @pipeline({ params: { lr: 1 } })
  async run({ lr }: { lr: number }): Promise<number[]> {
    const data = await this.load();
    const models = await Promise.all([lr, lr + 1].map((each) => this.train({ data, lr: each })));
    const { high } = await this.split({ model: models[1]! });
    return high > 1 ? [(await this.split({ model: models[0]! })).high, high] : [];
  }
}
function make(factor: number) {
  class Made extends Base {
    factor = factor;
    @pipeline()
    async run(): Promise<number> {
      return (await this.load()).rows.length * this.factor;
    }
  }
  return Made;
}
const report = (run: PipelineRun & { result: unknown }) => ({
  result: run.result,
  error: run.error?.message,
  steps: Object.entries(run.steps).map(([id, { status, reason }]) => [id, status, reason]),
});
console.log(JSON.stringify([report(await runPipeline(Fixture)), report(await runPipeline(make(2)))]));
`;
const FUNCTIONS = `
import { pipeline, step } from '@mortise/core';
import { rows } from './rows.EXT';

const load = step('load', async () => ({ rows }));
const train = step('train', async ({ data, lr }: { data: { rows: number[] }; lr: number }) => data.rows.map((row) => row * lr));
const fixture = pipeline('fixture', { params: { lr: 2 } }, ({ lr }) => train({ data: load(), lr }));
const { result, steps } = await fixture.run();
console.log(JSON.stringify({ result, steps: Object.entries(steps).map(([id, { status }]) => [id, status]) }));
`;
const ROWS = `export const rows = [1, 2, 3];\n`;

type Compiler = (source: string) => Promise<string> | string;
const keep: Compiler = (source) => source;
const tsc =
  (options: ts.CompilerOptions): Compiler =>
  (source) =>
    ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, ...options } })
      .outputText;
const swc =
  (how: TransformConfig): Compiler =>
  async (source) => {
    const jsc = { target: 'es2022', parser: { syntax: 'typescript', decorators: true }, transform: how } as const;
    return (await transform(source, { swcrc: false, jsc })).code;
  };

// Two processes a test: a loader on a machine that is busy takes seconds to start.

let project: Awaited<ReturnType<typeof temporaryProject>>;
beforeAll(async () => {
  project = await temporaryProject();
});
afterAll(() => project.remove());

/** Writes the compiled files into a folder of their own; the first is the one to run. */
async function compiled(name: string, files: Record<string, string>, compile: Compiler): Promise<string> {
  const ext = compile === keep ? 'mts' : 'mjs';
  const folder = join(project.project.root, name.replace(/\W+/g, '-'));
  mkdirSync(folder);
  // What differs from folder to folder, so that none has its steps from another's.
  for (const [file, text] of Object.entries({ ...files, rows: `${ROWS}export const folder = '${name}';\n` }))
    writeFileSync(join(folder, `${file}.${ext}`), await compile(text.replaceAll('EXT', ext)));
  return join(folder, `${Object.keys(files)[0]}.${ext}`);
}

async function output(file: string, args: string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, ['--no-warnings', ...args, file], { cwd: dirname(file) });
  return JSON.parse(stdout);
}

const STEPS = ['load', 'train', 'train_2', 'split', 'split_2'];
const inFunction = 'it was made inside the function make; declare { cacheKey } to tell it apart';

describe('a class-style pipeline runs, and runs from the cache in the next process,', () => {
  it.each<[string, Compiler, { args?: string[]; tsconfig?: object }]>([
    ['compiled by tsc to standard decorators', tsc({}), { args: ['--enable-source-maps'] }],
    ['compiled by tsc to legacy decorators', tsc({ experimentalDecorators: true }), {}],
    ['compiled by swc to standard decorators', swc({ decoratorVersion: '2022-03' }), {}],
    ['compiled by swc to legacy decorators', swc({ legacyDecorator: true }), {}],
    ['by tsx with standard decorators', keep, { args: TSX }],
    ['by tsx with legacy decorators', keep, { args: TSX, tsconfig: { compilerOptions: { experimentalDecorators: true } } }],
  ])('%s', async (name, compile, { args = [], tsconfig }) => {
    const file = await compiled(name, { main: CLASSES, base: BASE }, compile);
    if (tsconfig !== undefined) writeFileSync(join(dirname(file), 'tsconfig.json'), JSON.stringify(tsconfig));
    const made = { result: 6, steps: [['load', 'completed', inFunction]] };
    const steps = (status: string) => STEPS.map((id) => [id, status, null]);
    expect(await output(file, args)).toEqual([{ result: [9, 36], steps: steps('completed') }, made]);
    expect(await output(file, args)).toEqual([{ result: [9, 36], steps: steps('cached') }, made]);
  });
});

it('a function-style pipeline runs by Node alone, and from the cache in the next process', async () => {
  const file = await compiled('node', { main: FUNCTIONS }, keep);
  for (const status of ['completed', 'cached'])
    expect(await output(file, [])).toEqual({ result: [2, 4, 6], steps: ['load', 'train'].map((id) => [id, status]) });
});

it('SIGINT ends a class-style run as killed, also where its own code waits, and then the process', async () => {
  const text = `
import { pipeline, runPipeline, step } from '@mortise/core';
class Stopped {
  @step()
  async wait(): Promise<void> {
    process.stdout.write('ready');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
  @pipeline()
  async run(): Promise<void> {
    try {
      await Promise.all([this.wait(), new Promise((resolve) => setTimeout(resolve, 60_000))]);
    } finally {
      await this.wait();
    }
  }
}
await runPipeline(Stopped, {}, { name: 'stopped' });
process.stdout.write('went on');
`;
  const file = await compiled('stopped', { main: text }, tsc({}));
  const child = spawn(process.execPath, ['--no-warnings', file], { cwd: dirname(file), stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  child.kill('SIGINT');
  expect(await ended).toEqual({ code: null, signal: 'SIGINT' });
  const stopped = await new Client().getPipelineRun('stopped');
  expect(stopped).toMatchObject({ status: 'killed', error: { message: expect.stringContaining('SIGINT') } });
  expect(Object.entries(stopped.steps).map(([id, { status }]) => [id, status])).toEqual([['wait', 'killed']]);
});
