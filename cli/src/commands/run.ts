import type { ExecutionMode, JsonObject, FilePipeline, RunOptions } from '@mortise/core/client';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { choosePipeline } from '../choose-pipeline.ts';
import { pairsOf, tagsOf } from '../name-value-options.ts';
import { projectCore, type Core } from '../project-core.ts';
import { concurrencyOf, runAndExit } from '../run-and-exit.ts';

interface RunCommandOptions {
  param?: string[];
  stack?: string;
  name?: string;
  experiment?: string;
  tag?: string[];
  cache: boolean;
  concurrency?: string;
  executionMode?: ExecutionMode;
  onTrackerError?: 'warn' | 'fail';
  isolation?: 'inline' | 'process';
}

/** `mortise run FILE[#NAME]`. Ends the process. */
export async function run(target: string, options: RunCommandOptions): Promise<void> {
  const core = await projectCore();
  const { file, wanted } = splitTarget(target, core);
  const runOptions = runOptionsOf(options, core);
  core.findProject();
  const pipeline = await choosePipeline(file, wanted, core);
  const params = { ...pipeline.nomination?.params, ...paramsOf(pipeline, options.param ?? [], core) };
  const nominated = pipeline.nomination?.options;
  const tags = runOptions.tags && { ...nominated?.tags, ...runOptions.tags };
  const whole = { ...nominated, ...runOptions, ...(tags && { tags }) };
  await runAndExit(pipeline, (watched) => pipeline.run(params, { ...whole, ...watched }), core);
}

/** `FILE#NAME` → both; a file that has a `#` in its name is meant if it exists. */
function splitTarget(target: string, core: Core): { file: string; wanted: string | undefined } {
  const at = existsSync(target) ? -1 : target.lastIndexOf('#');
  const path = at === -1 ? target : target.slice(0, at);
  const wanted = at === -1 ? undefined : target.slice(at + 1);
  if (!isFile(path)) throw new core.FileNotFound({ file: path, meant: meantBy(path, wanted) });
  return { file: resolve(path), wanted };
}

/** Other tools put the name behind a colon, and leave out what a file's name ends with. */
function meantBy(path: string, wanted: string | undefined): string | undefined {
  const [, named = '', name] = /^(.+):([^:]+)$/.exec(path) ?? [];
  if (isFile(named)) return `${named}#${name}`;
  const file = ['.ts', '.mts', '.js', '.mjs'].map((end) => `${path}${end}`).find(isFile);
  return file === undefined || wanted === undefined ? file : `${file}#${wanted}`;
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

function runOptionsOf(options: RunCommandOptions, core: Core): RunOptions {
  const { stack, name, experiment, tag, cache, executionMode, onTrackerError, isolation } = options;
  return {
    ...(!cache && { cache }),
    ...(stack !== undefined && { stack }),
    ...(name !== undefined && { name }),
    ...(experiment !== undefined && { experiment }),
    ...(tag !== undefined && { tags: tagsOf(tag, core) }),
    ...concurrencyOf(options.concurrency, core),
    ...(executionMode !== undefined && { executionMode }),
    ...(onTrackerError !== undefined && { onTrackerError }),
    ...(isolation !== undefined && { isolation }),
  };
}

function paramsOf(pipeline: FilePipeline, texts: readonly string[], core: Core): JsonObject {
  return Object.fromEntries(pairsOf('--param', texts, core).map(([name, text]) => [name, pipeline.parseParam(name, text)]));
}
