import { checkKnown } from '../check-known.ts';
import { BadName, BadPipelineClass, BadPipelineMethod, BadStepMethod } from '../errors.ts';
import type { FinishedRun } from '../execution/end-run.ts';
import type { RunOptions } from '../execution/run-options.ts';
import { keepCompiledCode } from '../project/keep-compiled-code.ts';
import { classStepOf, type ClassStep } from './class-step.ts';
import { definitionSite, type DefinitionSite } from './definition-site.ts';
import { HOOKS, hooksOf, type PipelineHooks } from './hooks.ts';
import { checkDefaults, paramValues } from './param-values.ts';
import type { ParamValues } from './pipeline-types.ts';
import { isPipeline, PIPELINE_NAME } from './pipeline.ts';
import type { SettingsLayer, TrackerErrorPolicy } from './pipeline-spec.ts';
import { nominated } from './run-guard.ts';
import { nextOrdinal } from './step-definition.ts';
import { pipelineSettings, trackerErrorPolicy, type SettingsOption } from './step-options.ts';

export interface ClassPipelineOptions<P extends object = Record<string, unknown>> extends PipelineHooks {
  /** Default: the class's name. */
  name?: string;
  /** Declared params with their defaults. */
  params?: P;
  /** What a step does whose experiment tracker cannot be opened: `warn` (default) goes on and delivers later, `fail` fails the step. */
  onTrackerError?: TrackerErrorPolicy;
  /** Settings of components of the stack, for all steps; what a step sets itself wins. */
  settings?: SettingsOption;
}

type RunMethod = (params: never) => Promise<unknown>;
/** What run() takes must be declared, for nobody else gives it a value; what is declared must be taken. */
type Fits<P, F extends RunMethod> =
  unknown extends Taken<F>
    ? unknown
    : // What is no such method at all is taken for `RunMethod`, and is not to be told of params.
      [Taken<F>] extends [never]
      ? unknown
      : [keyof P] extends [keyof Taken<F>]
        ? [keyof Taken<F>] extends [keyof P]
          ? ParamValues<P> extends Partial<Taken<F>>
            ? unknown
            : 'a declared default has another type than run() takes'
          : 'run() takes a param that is not declared'
        : 'a declared param is not taken by run()';
type Taken<F extends RunMethod> = Parameters<F> extends [] ? Record<never, never> : NonNullable<Parameters<F>[0]>;

/**
 * A name of its own: a signature in which the literal is written out is put before the others, and TypeScript 7 tells of the last one only, which with
 * the older decorators is to be theirs.
 */
type RunName = 'run';

/** What `@pipeline()` returns: a decorator for the method called `run`. */
export interface ClassPipelineDecorator<P extends object> {
  <F extends RunMethod>(method: F & Fits<P, F>, context: { kind: 'method'; name: 'run'; private: false; static: false }): void;
  <F extends RunMethod>(target: object & { prototype?: never }, name: RunName, descriptor: TypedPropertyDescriptor<F & Fits<P, F>>): void;
}

/** A class that can run as a pipeline: no constructor arguments, an async method `run`. */
export type PipelineClass = new () => { run(params: never): Promise<unknown> };

/** The params of a class: all of them have defaults, or are asked for when it runs. */
type ParamsOf<C extends { run(params: never): Promise<unknown> }> =
  Parameters<C['run']> extends []
    ? Record<string, never>
    : Parameters<C['run']> extends [params?: infer P]
      ? Partial<NonNullable<P>>
      : never;

/** A class-style pipeline: what was declared, and its steps by name. */
export interface ClassPipeline {
  name: string;
  /** `file:` URL of the module that holds the class. */
  module: string;
  /** Declared params with their defaults. */
  params: Readonly<Record<string, unknown>>;
  Class: PipelineClass;
  steps: ReadonlyMap<string, ClassStep>;
  hooks: PipelineHooks | undefined;
  onTrackerError: TrackerErrorPolicy | undefined;
  /** What it sets for components of the stack. */
  settings: SettingsLayer | undefined;
  /** Where the class itself is written, as its own decorators tell; undefined if it has none. What it extends is reached from there. */
  written: Written | undefined;
}

export interface Written extends DefinitionSite {
  /** Tells it from the other classes of its module. */
  id: string;
}

interface Declared extends DefinitionSite {
  options: ClassPipelineOptions;
  /** How many `@pipeline` its module had before it. */
  ordinal: number;
}

const MARK = Symbol.for('mortise.class-pipeline.v1');

/** Makes `@pipeline(options)`. */
export function classPipelineDecorator<P extends Record<string, unknown>>(
  options: ClassPipelineOptions<P> = {},
): ClassPipelineDecorator<P> {
  checkKnown('@pipeline', options, ['name', 'params', 'onTrackerError', 'settings', ...HOOKS]);
  const site = definitionSite({ wrappers: 'nameless' });
  const declared: Declared = { ...site, options, ordinal: nextOrdinal(site.module, '@pipeline') };
  const decorate = (first: object, second: unknown, third?: PropertyDescriptor): void => {
    const context = typeof second === 'object' && second !== null ? (second as { kind: string; name: string | symbol }) : undefined;
    if (second === undefined || context?.kind === 'class')
      throw new BadPipelineMethod({ method: (first as { name: string }).name, reason: 'is on a class' });
    const name = String(context === undefined ? (second as string | symbol) : context.name);
    if (name !== 'run') throw new BadPipelineMethod({ method: name, reason: 'is on another method than run()' });
    const method: unknown = context === undefined ? third?.value : first;
    if (typeof method !== 'function') throw new BadPipelineMethod({ method: name, reason: 'is no method' });
    Object.defineProperty(method, MARK, { value: declared });
  };
  return decorate;
}

/** True for a class whose `run` is decorated with `@pipeline`. */
export function isPipelineClass(value: unknown): value is PipelineClass {
  return typeof value === 'function' && declaredOf(value as PipelineClass) !== undefined;
}

function declaredOf(Class: PipelineClass): Declared | undefined {
  for (let holder: unknown = Class.prototype; typeof holder === 'object' && holder !== null; holder = Object.getPrototypeOf(holder)) {
    const run = Object.getOwnPropertyDescriptor(holder, 'run');
    // A getter is the user's code: it is not called to find out.
    if (run !== undefined) return declaredIn(run.value);
  }
  return undefined;
}

function declaredIn(run: unknown): Declared | undefined {
  return typeof run === 'function' ? (run as { [MARK]?: Declared })[MARK] : undefined;
}

/** The pipeline that a class is. Throws `BadPipelineClass`, `BadStepMethod`. */
export function classPipeline(Class: PipelineClass): ClassPipeline {
  if (typeof Class === 'object' && Class !== null) {
    const pipeline = (Class as object).constructor.name;
    throw new BadPipelineClass({ pipeline, reason: 'an instance of it was given, and not the class itself' });
  }
  if (typeof Class !== 'function') throw new BadPipelineClass({ pipeline: String(Class), reason: 'it is no class' });
  if (isPipeline(Class))
    throw new BadPipelineClass({ pipeline: Class.pipelineName, reason: 'it was made by pipeline(), and has a run() of its own' });
  const declared = declaredOf(Class);
  if (declared === undefined) throw new BadPipelineClass({ pipeline: Class.name, reason: 'it has no method run() with @pipeline' });
  if (Class.length > 0) throw new BadPipelineClass({ pipeline: Class.name, reason: 'its constructor takes arguments' });
  const name = declared.options.name ?? Class.name;
  if (!PIPELINE_NAME.test(name)) throw new BadName({ kind: 'pipeline', name });
  const params = declared.options.params ?? {};
  checkDefaults({ name, params });
  const { options, module } = declared;
  const onTrackerError = trackerErrorPolicy('@pipeline', options.onTrackerError);
  const settings = pipelineSettings('@pipeline', options.settings);
  return {
    name,
    module,
    params,
    Class,
    steps: stepsOf(Class),
    hooks: hooksOf(options),
    onTrackerError,
    settings,
    written: writtenOf(Class),
  };
}

function writtenOf(Class: PipelineClass): Written | undefined {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(Class.prototype))) {
    const mark = declaredIn(value) ?? classStepOf(value);
    if (mark !== undefined) return { ...mark, id: `${Class.name}.${name}#${mark.ordinal}` };
  }
  return undefined;
}

/** All steps of a class, its ancestors' included. An override without `@step` would silently be no step. */
function stepsOf(Class: PipelineClass): Map<string, ClassStep> {
  const steps = new Map<string, ClassStep>();
  const overrides = new Map<string, string>();
  for (
    let prototype = Class.prototype as object | null;
    prototype !== null && prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      const step = classStepOf(property.value);
      const override = overrides.get(name);
      if (step !== undefined && override !== undefined)
        throw new BadStepMethod({ step: name, reason: `is overridden in ${override} without @step` });
      if (step !== undefined && !steps.has(name)) steps.set(name, step);
      if (step === undefined && !steps.has(name)) overrides.set(name, (prototype.constructor as { name: string }).name);
    }
  }
  return steps;
}

/**
 * Runs a class-style pipeline. A failed run is a result, unless `throwOnFailure`.
 * @throws UnknownParam, MissingParam, BadParam, BadPipelineClass, and what any run throws (NoProject, UnknownStack, TrackerNotInStack, ...)
 * @example const run = await runPipeline(WinePipeline, { lr: 0.05 });
 */
export async function runPipeline<C extends { run(params: never): Promise<unknown> }>(
  Class: new () => C,
  params?: ParamsOf<C>,
  options: RunOptions = {},
): Promise<FinishedRun<Awaited<ReturnType<C['run']>>>> {
  // Before it is named: whoever looks for the pipelines of a file finds none in what is no class of one.
  const pipeline = classPipeline(Class);
  const pending = nominated(Class, params ?? {}, options);
  if (pending !== undefined) return pending;
  const values = paramValues(pipeline, params);
  keepCompiledCode();
  const { runClassPipeline } = await import('../execution/run-class.ts');
  return runClassPipeline(pipeline, values, options) as Promise<FinishedRun<Awaited<ReturnType<C['run']>>>>;
}
