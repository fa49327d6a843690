import { MapNotArray, StepArguments, StepInsideStep, StepOutsidePipeline, StylesMixed } from '../errors.ts';
import { stepContext } from '../tracking/context.ts';
import { inClassRun } from './class-run-context.ts';
import { currentCompilation, type Compilation } from './compilation.ts';
import { bindInput } from './input-binding.ts';
import { isPlain } from './json-value.ts';
import type { InputSpec } from './pipeline-spec.ts';
import { defineStep, type StepDefinition } from './step-definition.ts';
import type { StepOptions } from './step-options.ts';
import type {
  CallOptions,
  CheckedFunction,
  InputsOf,
  KnownOptions,
  MappedInputs,
  MappedResult,
  NamedInputs,
  SharedArguments,
  StepArguments as ArgumentsOf,
  StepFunction,
  StepResult,
} from './step-types.ts';
import { describeWire, outputsState, wireState } from './wire.ts';

/** A step: called in the body of a pipeline it becomes part of the plan. */
export interface Step<F extends StepFunction = StepFunction, O = unknown> {
  /**
   * Plans one call. Gives the wire of what the function returns, or an object of wires when outputs were declared.
   * @throws StepOutsidePipeline, StepInsideStep, StylesMixed, StepArguments, ForeignWire, InputNotStorable, DuplicateStepId
   */
  (...args: ArgumentsOf<InputsOf<F>>): StepResult<F, O>;
  /**
   * Runs the step once per item: the inputs of the first object are arrays, zipped; those of the second are shared by all.
   * Gives the wire of an array, in the order of the items. Step runs are `score[0]`, `score[1]`, ...
   */
  map<K extends keyof NamedInputs<F> & string>(
    items: MappedInputs<NamedInputs<F>, K>,
    ...rest: SharedArguments<Omit<NamedInputs<F>, K>>
  ): MappedResult<F, O>;
  /** The function itself, e.g. to call it in a test. */
  readonly fn: F;
  readonly stepName: string;
  readonly options: O;
  readonly '~mortise.step': StepDefinition;
}

/**
 * Makes a step of a function that takes one object of named inputs, or nothing.
 *
 * @example
 * const load = step('load', async () => readWine());
 * const train = step('train', { experimentTracker: true }, async ({ data, lr }: { data: Wine; lr: number }) => fit(data, lr));
 *
 * @throws BadStepId, StepArguments, UnknownOption, BadOption
 */
export function step<F extends StepFunction>(name: string, fn: F & CheckedFunction<F>): Step<F>;
export function step<const O extends StepOptions, F extends StepFunction>(
  name: string,
  options: O & KnownOptions<O>,
  fn: F & CheckedFunction<F, O>,
): Step<F, O>;
export function step(name: string, ...rest: [fn: StepFunction] | [options: StepOptions, fn: StepFunction]): unknown {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  const compilation = currentCompilation();
  const definition = defineStep(name, fn, options, compilation?.ordinals);
  if (compilation !== undefined) {
    definition.inBody = true;
    // Whoever runs the pipeline need not be whoever made it.
    definition.frames = [...new Set([...definition.frames, ...compilation.frames])];
  }
  const call = (...args: unknown[]): unknown => {
    const compilation = compilationFor(name);
    if (args.length > 2) throw new StepArguments({ step: name, reason: `was called with ${args.length} arguments` });
    const inputs = bindAll(compilation, name, namedInputs(name, args[0]));
    return compilation.addStep(definition, { inputs, options: callOptions(name, args[1]) });
  };
  const map = (...args: unknown[]): unknown => {
    const compilation = compilationFor(name);
    if (args.length > 3) throw new StepArguments({ step: name, reason: `was mapped with ${args.length} arguments` });
    const [items, shared] = [namedInputs(name, args[0]), namedInputs(name, args[1])];
    checkItems(name, items, shared);
    const inputs = bindAll(compilation, name, { ...items, ...shared });
    return compilation.addStep(definition, { inputs, map: Object.keys(items), options: callOptions(name, args[2]) });
  };
  Object.defineProperty(call, 'name', { value: name, configurable: true });
  return Object.assign(call, { map, fn, stepName: name, options, '~mortise.step': definition });
}

/** True for a step, also one made by another copy of this package. */
export function isStep(value: unknown): value is Step {
  return typeof value === 'function' && '~mortise.step' in value;
}

function compilationFor(step: string): Compilation {
  const compilation = currentCompilation();
  if (compilation !== undefined) return compilation;
  const outer = stepContext().getStore();
  if (outer !== undefined) throw new StepInsideStep({ inner: step, outer: outer.stepId });
  throw inClassRun() ? new StylesMixed({ what: `step "${step}"` }) : new StepOutsidePipeline({ step });
}

/** The object of named inputs of a call. */
function namedInputs(step: string, given: unknown): Record<string, unknown> {
  if (given === undefined) return {};
  const wire = wireState(given);
  if (wire !== undefined)
    throw new StepArguments({ step, reason: `was given ${describeWire(wire)} without a name: ${step}({ name: ... })` });
  if (outputsState(given) === undefined && (typeof given !== 'object' || given === null || Array.isArray(given) || !isPlain(given)))
    throw new StepArguments({ step, reason: `was given ${describe(given)}` });
  return given as Record<string, unknown>;
}

function callOptions(step: string, given: unknown): CallOptions {
  if (given === undefined) return {};
  if (typeof given === 'object' && given !== null && !outputsState(given) && isPlain(given)) return given;
  throw new StepArguments({ step, reason: `was given ${describe(given)} where the options of the call belong` });
}

function bindAll(compilation: Compilation, step: string, inputs: Record<string, unknown>): Record<string, InputSpec> {
  const specs: Record<string, InputSpec> = {};
  for (const input of Object.keys(inputs)) specs[input] = bindInput(inputs[input], { plan: compilation, step, input });
  return specs;
}

/** What can be told of mapped inputs before there are values: lists have their length, plain values must be arrays. */
function checkItems(step: string, items: Record<string, unknown>, shared: Record<string, unknown>): void {
  if (Object.keys(items).length === 0) throw new StepArguments({ step, reason: 'was mapped over nothing' });
  let length: number | undefined;
  for (const [input, value] of Object.entries(items)) {
    if (Object.hasOwn(shared, input)) throw new StepArguments({ step, reason: `was given the input "${input}" both mapped and shared` });
    if (wireState(value) !== undefined) continue;
    if (!Array.isArray(value)) throw new MapNotArray({ step, input, reason: `it is ${describe(value)}` });
    length ??= value.length;
    if (value.length !== length) throw new MapNotArray({ step, input, reason: `it has ${value.length} items where another has ${length}` });
  }
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  const wire = wireState(value) ?? outputsState(value);
  if (wire !== undefined) return describeWire(wire);
  return typeof value === 'object' ? 'an object that is no plain object' : `a ${typeof value}`;
}
