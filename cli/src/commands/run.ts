import type { ExecutionMode, JsonObject, FilePipeline, PipelineRun, RunOptions } from '@mortise/core/client';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { choosePipeline } from '../choose-pipeline.ts';
import { durationBetween } from '../format-duration.ts';
import { isThrownByUser, placedReason } from '../import-file.ts';
import { watchInterrupts } from '../interrupts.ts';
import { paintStatus, printLine } from '../print.ts';
import { projectCore, type Core } from '../project-core.ts';
import { metricsTable, stepsTable, trackerTable } from '../run-tables.ts';
import { stepPrinter } from '../step-lines.ts';

interface RunCommandOptions {
  param?: string[];
  stack?: string;
  name?: string;
  cache: boolean;
  concurrency?: string;
  executionMode?: ExecutionMode;
}

/** `mortise run FILE[#NAME]`. Ends the process: what the file left running must not keep it. */
export async function run(target: string, options: RunCommandOptions): Promise<void> {
  const core = await projectCore();
  const { file, wanted } = splitTarget(target, core);
  const runOptions = runOptionsOf(options, core);
  core.findProject();
  const pipeline = await choosePipeline(file, wanted, core);
  const params = { ...pipeline.nomination?.params, ...paramsOf(pipeline, options.param ?? [], core) };
  const interrupts = watchInterrupts();
  const finished = await runToItsEnd(pipeline, params, { ...pipeline.nomination?.options, ...runOptions, throwOnFailure: false }, core);
  printLine(summary(finished));
  process.exit(exitCodeOf(finished, interrupts.signal));
}

/** A user's body may throw anything before a step runs: that is a mistake in the file, not one of ours. */
async function runToItsEnd(pipeline: FilePipeline, params: object, options: RunOptions, core: Core): Promise<PipelineRun> {
  try {
    return await pipeline.run(params, options);
  } catch (error) {
    if (core.isMortiseError(error) || !isThrownByUser(error)) throw error;
    throw new core.PipelineBroken({ pipeline: pipeline.name, reason: placedReason(error) }, { cause: error });
  }
}

/** `FILE#NAME` → both; a file that has a `#` in its name is meant if it exists. */
function splitTarget(target: string, core: Core): { file: string; wanted: string | undefined } {
  const at = existsSync(target) ? -1 : target.lastIndexOf('#');
  const path = at === -1 ? target : target.slice(0, at);
  if (!(statSync(path, { throwIfNoEntry: false })?.isFile() ?? false)) throw new core.FileNotFound({ file: path });
  return { file: resolve(path), wanted: at === -1 ? undefined : target.slice(at + 1) };
}

function runOptionsOf(options: RunCommandOptions, { BadUsage }: Core): RunOptions {
  const { stack, name, cache, executionMode } = options;
  const concurrency = options.concurrency === undefined ? undefined : Number(options.concurrency);
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1))
    throw new BadUsage({ what: `--concurrency is to be a whole number from 1, not "${options.concurrency}"` });
  return {
    onStep: stepPrinter(),
    ...(!cache && { cache }),
    ...(stack !== undefined && { stack }),
    ...(name !== undefined && { name }),
    ...(concurrency !== undefined && { concurrency }),
    ...(executionMode !== undefined && { executionMode }),
  };
}

function paramsOf(pipeline: FilePipeline, texts: readonly string[], { BadUsage }: Core): JsonObject {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new BadUsage({ what: `--param ${text} is not NAME=VALUE` });
      const name = text.slice(0, at);
      return [name, pipeline.parseParam(name, text.slice(at + 1))];
    }),
  );
}

function summary(run: PipelineRun): string {
  const head = `run ${run.name}  ${paintStatus(run.status)} in ${durationBetween(run.startedAt, run.endedAt)}`;
  const reasons = [...(run.error === null ? [] : [run.error.message]), ...run.warnings.map((warning) => `warning: ${warning}`)];
  const tables = [stepsTable(run), metricsTable(run), trackerTable(run)].filter((part) => part !== undefined);
  return ['', ...tables.map((part) => `${part}\n`), [head, ...reasons].join('\n')].join('\n');
}

function exitCodeOf({ status }: PipelineRun, signal: NodeJS.Signals | undefined): number {
  if (status === 'completed') return 0;
  if (status === 'killed' && signal !== undefined) return signal === 'SIGINT' ? 130 : 143;
  return 1;
}
