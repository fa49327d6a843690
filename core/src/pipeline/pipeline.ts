import { checkKnown } from '../check-known.ts';
import { BadName, BadOption, PipelineOutsidePipeline, PipelineRunInBody, StepArguments, StylesMixed } from '../errors.ts';
import type { FinishedRun } from '../execution/end-run.ts';
import type { RunOptions } from '../execution/run-options.ts';
import { keepCompiledCode } from '../project/keep-compiled-code.ts';
import { inClassRun } from './class-run-context.ts';
import { currentCompilation } from './compilation.ts';
import { compilePipeline, nestPipeline, type CompiledPipeline } from './compile.ts';
import { definitionSite } from './definition-site.ts';
import { hooksOf } from './hooks.ts';
import { isPlain } from './json-value.ts';
import { checkDefaults } from './param-values.ts';
import type { PipelineDefinition } from './pipeline-definition.ts';
import type {
  GivenParams,
  NamedParams,
  NestedArguments,
  ParamValues,
  PipelineInputs,
  PipelineOptions,
  PipelineResult,
  ResultOf,
  RunArguments,
} from './pipeline-types.ts';
import { registerPipeline } from './registry.ts';
import { nominated } from './run-guard.ts';
import { nextOrdinal } from './step-definition.ts';
import { pipelineDefaults, PIPELINE_OPTIONS, trackerErrorPolicy } from './step-options.ts';
import { outputsState, wireState } from './wire.ts';

/** Any function-style pipeline. */
export interface Pipeline {
  readonly pipelineName: string;
  /**
   * Runs it. A failed run is a result, unless `throwOnFailure`.
   * @throws what `compile` throws, PipelineRunInBody, and what opening a run does (NoProject, UnknownStack, TrackerNotInStack, RunNameTaken, ...)
   */
  run(params?: object, options?: RunOptions): Promise<FinishedRun<unknown>>;
  /**
   * The plan of a run with these params; no step runs.
   * @throws UnknownParam, MissingParam, BadParam, WireInCondition, WireTouched, AsyncBody, PipelineCycle, ...
   */
  compile(params?: object): Promise<CompiledPipeline>;
  readonly '~mortise.pipeline': PipelineDefinition;
}

/** A pipeline as `pipeline()` gives it, typed by its params, inputs and result. */
export interface TypedPipeline<P, I, R> extends Omit<Pipeline, 'run' | 'compile'> {
  /** Plans its steps in the body of another pipeline, as `inner.train`, and gives what its body returns. */
  (...args: NestedArguments<P, I>): R;
  run(...args: RunArguments<P, I, RunOptions>): Promise<FinishedRun<ResultOf<R>>>;
  compile(params?: GivenParams<P>): Promise<CompiledPipeline>;
}

/** No params, no inputs. */
type Nothing = Record<never, never>;

/** What a pipeline may be called. */
export const PIPELINE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * Makes a pipeline of a body that calls steps and wires them. The body runs once per run, with that run's params as values; to be nested, it takes
 * wires as its second argument.
 *
 * @example
 * export const wine = pipeline('wine', { params: { lr: 0.1 } }, ({ lr }) => {
 *   const data = load();
 *   return evaluate({ model: train({ data, lr }), data });
 * });
 * await wine.run({ lr: 0.05 });
 *
 * @throws BadName, UnknownOption, BadOption, BadParam
 */
export function pipeline<I extends PipelineInputs<I> = Nothing, R extends PipelineResult<R> = PipelineResult>(
  name: string,
  body: (params: Nothing, inputs: I) => R,
): TypedPipeline<Nothing, I, R>;
export function pipeline<P extends object = Nothing, I extends PipelineInputs<I> = Nothing, R extends PipelineResult<R> = PipelineResult>(
  name: string,
  options: PipelineOptions<P> & NamedParams<P>,
  body: (params: ParamValues<P>, inputs: I) => R,
): TypedPipeline<P, I, R>;
export function pipeline(
  name: string,
  ...rest: [body: PipelineDefinition['body']] | [options: PipelineOptions<object>, body: PipelineDefinition['body']]
): unknown {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  const definition = definePipeline(name, options, body);
  const nest = (...args: unknown[]): unknown => callNested(definition, args);
  const members: Pipeline = {
    pipelineName: name,
    run(params = {}, runOptions = {}) {
      // At once, and not by the promise, which nobody waits for in a body.
      const body = currentCompilation()?.pipeline;
      if (body !== undefined) throw new PipelineRunInBody({ pipeline: name, body });
      return begin(params, runOptions);
    },
    compile: (params) => compilePipeline(definition, params),
    '~mortise.pipeline': definition,
  };
  const begin = async (params: object, runOptions: RunOptions): Promise<FinishedRun<unknown>> => {
    const pending = nominated(made, params, runOptions);
    if (pending !== undefined) return pending;
    keepCompiledCode();
    const { runPipelineFunction } = await import('../execution/run-pipeline.ts');
    return runPipelineFunction(made, params, runOptions);
  };
  Object.defineProperty(nest, 'name', { value: name, configurable: true });
  const made = Object.assign(nest, members);
  registerPipeline(made);
  return made;
}

/** True for a function-style pipeline, also one made by another copy of this package. */
export function isPipeline(value: unknown): value is Pipeline {
  return typeof value === 'function' && '~mortise.pipeline' in value;
}

function definePipeline(name: string, options: PipelineOptions<object>, body: PipelineDefinition['body']): PipelineDefinition {
  if (typeof name !== 'string' || !PIPELINE_NAME.test(name)) throw new BadName({ kind: 'pipeline', name: String(name) });
  const of = `pipeline "${name}"`;
  if (typeof body !== 'function') throw new BadOption({ of, option: 'body', reason: 'must be a function' });
  checkKnown(of, options, [...PIPELINE_OPTIONS, 'params', 'onTrackerError']);
  const { params = {}, onTrackerError, ...defaults } = options;
  if (typeof params !== 'object' || params === null || !isPlain(params))
    throw new BadOption({ of, option: 'params', reason: 'must be an object of names and defaults' });
  const declared = { name, params: params as Readonly<Record<string, unknown>> };
  checkDefaults(declared);
  const site = definitionSite();
  const ordinal = nextOrdinal(site.module, `pipeline ${name}`);
  return {
    ...site,
    ...declared,
    defaults: pipelineDefaults(of, defaults),
    hooks: hooksOf(defaults),
    onTrackerError: trackerErrorPolicy(of, onTrackerError),
    body,
    ordinal,
  };
}

function callNested(definition: PipelineDefinition, args: unknown[]): unknown {
  const compilation = currentCompilation();
  if (compilation === undefined) {
    const pipeline = definition.name;
    throw inClassRun() ? new StylesMixed({ what: `pipeline "${pipeline}"` }) : new PipelineOutsidePipeline({ pipeline });
  }
  const [inputs, params, options] = args.map((given, index) => namedValues(definition.name, given, index));
  return nestPipeline(definition, compilation, { inputs: inputs ?? {}, params, options: options ?? {} });
}

/** The three arguments of a nested pipeline are objects: of inputs, of params, of options. */
function namedValues(name: string, given: unknown, index: number): Record<string, unknown> {
  if (given === undefined) return {};
  const isObject = typeof given === 'object' && given !== null && !wireState(given) && !Array.isArray(given);
  if (index < 3 && isObject && (outputsState(given) || isPlain(given))) return given as Record<string, unknown>;
  throw new StepArguments({ step: name, reason: 'is a pipeline: nested, it takes an object of inputs, one of params and one of options' });
}
