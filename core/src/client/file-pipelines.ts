import { setLoadedFile } from '../execution/child/code-origin.ts';
import type { ResumeOptions } from '../execution/resume-run.ts';
import type { RunOptions } from '../execution/run-options.ts';
import type { Json } from '../json.ts';
import { classPipeline, isPipelineClass, runPipeline, type PipelineClass } from '../pipeline/class-pipeline.ts';
import { parseParam } from '../pipeline/param-values.ts';
import { isPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { pipelinesOf } from '../pipeline/registry.ts';
import { setRunGuard } from '../pipeline/run-guard.ts';
import type { PipelineRun } from './pipeline-run.ts';

export { setLoadedFile };

/** How a file would have run a pipeline at its top level. */
export interface Nomination {
  pipeline: unknown;
  params: object;
  options: RunOptions;
}

/** A pipeline that a file defines or exports, of either style. */
export interface FilePipeline {
  name: string;
  /** Its name, and what it is exported as. */
  names: string[];
  /** How the file's own top level would have run it. */
  nomination: Nomination | undefined;
  /** A param from its text on a command line. Throws `UnknownParam`, `BadParam`. */
  parseParam(param: string, text: string): Json;
  run(params: object, options: RunOptions): Promise<PipelineRun>;
  /** Goes on with a run of it that ended before it was completed, with the options of the file's own top level below those given. Throws what `resumeRun` does. */
  resume(nameOrId: string, options: ResumeOptions): Promise<PipelineRun>;
}

export interface RunsUnderGuard {
  readonly nominations: readonly Nomination[];
  /** Resolves when the file first names a pipeline. */
  readonly first: Promise<void>;
  lift(): void;
}

/** What this module gives, by a name that the declarations of other packages can hold. */
export interface FilePipelines {
  readonly exportsOf: typeof exportsOf;
  readonly guardRuns: typeof guardRuns;
  readonly pipelinesOfFile: typeof pipelinesOfFile;
  readonly setLoadedFile: typeof setLoadedFile;
}

/** From now until `lift()`, a `run()` names its pipeline instead of running it, and never settles. */
export function guardRuns(): RunsUnderGuard {
  const nominations: Nomination[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  setRunGuard({
    nominate(pipeline, params, options) {
      nominations.push({ pipeline, params, options });
      resolve();
    },
    halt: resolve,
  });
  return { nominations, first: promise, lift: () => setRunGuard(undefined) };
}

/** What can be run of a file: what its top level would run comes first, then what it exports, then what else it defines. */
export function pipelinesOfFile(file: {
  /** Its `file:` URL. */
  module: string;
  exports: Record<string, unknown>;
  nominations: readonly Nomination[];
}): FilePipeline[] {
  const found = new Map<string, FilePipeline>();
  const add = (value: unknown, how: { exportedAs?: string; nomination?: Nomination }): void => {
    const pipeline = runnable(value);
    if (pipeline === undefined) return;
    const key = `${pipeline.module}#${pipeline.name}`;
    const known = found.get(key) ?? filePipeline(pipeline);
    if (how.exportedAs !== undefined) known.names.push(how.exportedAs);
    known.nomination ??= how.nomination;
    found.set(key, known);
  };
  for (const nomination of file.nominations) add(nomination.pipeline, { nomination });
  for (const [exportedAs, value] of exportsOf(file.exports)) add(value, { exportedAs });
  for (const pipeline of pipelinesOf(file.module)) add(pipeline, {});
  return [...found.values()];
}

/** A CommonJS module that was imported has its exports below `default`, and not all of them beside it. */
export function exportsOf(exports: Record<string, unknown>): [string, unknown][] {
  const whole = 'module.exports' in exports ? exports['module.exports'] : undefined;
  const below = typeof whole === 'object' && whole !== null ? Object.entries(whole) : [];
  return [...Object.entries(exports), ...below];
}

interface Runnable {
  name: string;
  module: string;
  params: Readonly<Record<string, unknown>>;
  pipeline: Pipeline | PipelineClass;
  run(params: object, options: RunOptions): Promise<PipelineRun>;
}

function runnable(value: unknown): Runnable | undefined {
  if (isPipeline(value)) return { ...value['~mortise.pipeline'], pipeline: value, run: (params, options) => value.run(params, options) };
  if (isPipelineClass(value))
    return { ...classPipeline(value), pipeline: value, run: (params, options) => runPipeline(value, params as never, options) };
  return undefined;
}

function filePipeline(pipeline: Runnable): FilePipeline {
  return {
    name: pipeline.name,
    names: [pipeline.name],
    nomination: undefined,
    parseParam: (param, text) => parseParam(pipeline, param, text),
    run: (params, options) => pipeline.run(params, options),
    async resume(nameOrId, options) {
      const { FIXED_OPTIONS, resumeRun } = await import('../execution/resume-run.ts');
      const own = Object.entries(this.nomination?.options ?? {}).filter(([name]) => !FIXED_OPTIONS.includes(name));
      return resumeRun(nameOrId, { ...Object.fromEntries(own), ...options, pipeline: pipeline.pipeline });
    },
  };
}
