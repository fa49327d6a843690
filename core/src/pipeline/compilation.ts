import { checkKnown } from '../check-known.ts';
import { BadOption, DuplicateStepId, PipelineCycle, PlanTooLarge, UnknownOutput } from '../errors.ts';
import { collectSources, dependenciesOf } from './dependencies.ts';
import { checkPlan } from './input-binding.ts';
import type { PipelineDefinition } from './pipeline-definition.ts';
import type { ConditionSpec, InputSpec, StepSettings, StepSpec } from './pipeline-spec.ts';
import { orderSteps } from './plan-order.ts';
import { checkStepId, type StepDefinition } from './step-definition.ts';
import { mergeSettings, plannedSettings } from './step-options.ts';
import type { CallOptions } from './step-types.ts';
import { makeOutputs, makeWire, outputsState, wireState, type StepOutput } from './wire.ts';

/** The body that is being followed: the pipeline itself, or one nested in it. */
interface Scope {
  /** `inner.`, or nothing. */
  prefix: string;
  defaults: StepSettings;
  /** Steps planned before it was entered. */
  first: number;
  /** What its first steps wait for. */
  after: readonly unknown[];
  /** Names of the pipelines from the outermost to this one. */
  path: readonly string[];
  /** Modules on the stack of their definitions. */
  frames: readonly string[];
  outer: Scope | undefined;
  /** Of the steps that were called in it. */
  settings: Map<StepDefinition, StepSettings>;
}

interface PlannedStep {
  spec: StepSpec;
  /** Read when the body has ended. */
  after: readonly unknown[];
  scope: Scope;
}

const CALL_OPTIONS = ['id', 'after'];
const MAX_STEPS = 100_000;
const MAX_DEPTH = 100;
const KEY = Symbol.for('mortise.compilation.v1');
/** Shared by all copies of this package. */
const place = ((globalThis as { [KEY]?: { current: Compilation | undefined } })[KEY] ??= { current: undefined });

/** The compilation whose body runs right now. Bodies are synchronous, so there is one at most. */
export function currentCompilation(): Compilation | undefined {
  return place.current;
}

/** One plan in the making: what the steps called in a body are added to. */
export class Compilation {
  readonly pipeline: string;
  /** By step id. */
  readonly definitions = new Map<string, StepDefinition>();
  readonly nested = new Set<PipelineDefinition>();
  /** Of the steps that its body makes: a later plan of the same body counts anew. */
  readonly ordinals = new Map<string, number>();
  private readonly planned: PlannedStep[] = [];
  private readonly taken = new Set<string>();
  private readonly counts = new Map<string, number>();
  private conditions: readonly ConditionSpec[] = [];
  private scope: Scope;
  private hasAfter = false;

  constructor({ name, defaults, frames }: Pick<PipelineDefinition, 'name' | 'defaults' | 'frames'>) {
    this.pipeline = name;
    this.scope = { prefix: '', defaults, first: 0, after: [], path: [name], frames, outer: undefined, settings: new Map() };
  }

  /** Modules on the stack of the definition of the pipeline whose body runs: what a step closes over that the body makes may be written there. */
  get frames(): readonly string[] {
    return this.scope.frames;
  }

  /** Runs a body; the steps it calls become part of this plan. */
  follow<R>(body: () => R): R {
    const outer = place.current;
    place.current = this;
    try {
      return body();
    } finally {
      place.current = outer;
    }
  }

  /** Plans one call of a step. */
  addStep(definition: StepDefinition, call: { inputs: Record<string, InputSpec>; map?: string[]; options: CallOptions }): unknown {
    if (this.planned.length >= MAX_STEPS) throw new PlanTooLarge({ pipeline: this.pipeline, limit: MAX_STEPS });
    const of = `a call of step "${definition.name}"`;
    this.checkCall(of, call.options);
    const id = this.takeId(definition.name, call.options.id);
    const spec: StepSpec = {
      id,
      name: definition.name,
      module: definition.module,
      inputs: call.inputs,
      ...(call.map && { map: call.map }),
      outputs: this.outputsOf(id, definition),
      splitOutputs: definition.outputs !== undefined,
      after: [],
      when: [...this.conditions],
      options: this.settingsOf(definition),
    };
    this.planned.push({ spec, after: call.options.after ?? [], scope: this.scope });
    this.definitions.set(id, definition);
    return this.resultOf(spec);
  }

  /** Steps called in `branch` run if the condition is what `is` says, and all conditions around it hold. */
  underCondition<R>(condition: ConditionSpec, branch: () => R): R {
    const outer = this.conditions;
    this.conditions = [...outer, condition];
    try {
      return branch();
    } finally {
      this.conditions = outer;
    }
  }

  /** Runs the body of a nested pipeline: its steps are `inner.train`. */
  nest<R>(pipeline: PipelineDefinition, options: CallOptions, body: () => R): R {
    const { scope } = this;
    const path = [...scope.path, pipeline.name];
    if (path.length > MAX_DEPTH) throw new PipelineCycle({ pipeline: this.pipeline, steps: untilRepeated(path), depth: MAX_DEPTH });
    this.checkCall(`a call of pipeline "${pipeline.name}"`, options);
    this.nested.add(pipeline);
    const prefix = `${this.takeId(pipeline.name, options.id)}.`;
    const defaults = mergeSettings(scope.defaults, pipeline.defaults);
    const frames = [...scope.frames, ...pipeline.frames];
    this.scope = {
      prefix,
      defaults,
      first: this.planned.length,
      after: options.after ?? [],
      path,
      frames,
      outer: scope,
      settings: new Map(),
    };
    try {
      return body();
    } finally {
      this.scope = scope;
    }
  }

  /** The plan's steps in a topological order: as they were written, save where `after` names a later one. */
  finish(): StepSpec[] {
    const steps = this.planned.map(({ spec }) => spec);
    if (!this.hasAfter) return steps;
    const positions = new Map(steps.map(({ id }, index) => [id, index]));
    for (const [index, step] of this.planned.entries()) step.spec.after = this.afterOf(step, index, positions);
    return orderSteps(this.pipeline, steps);
  }

  /** What the step itself waits for, and what a nested pipeline does if the step is among its first. */
  private afterOf({ spec, after, scope }: PlannedStep, index: number, positions: ReadonlyMap<string, number>): string[] {
    const own = new Set(after.flatMap((item) => this.stepsOf(item, spec.id)));
    for (let around: Scope | undefined = scope; around !== undefined; around = around.outer) {
      if (around.after.length === 0) continue;
      const { first } = around;
      const isFirst = [...dependenciesOf(spec), ...own].every((id) => positions.get(id)! < first || positions.get(id)! > index);
      if (isFirst) for (const item of around.after) for (const id of this.stepsOf(item, spec.id)) own.add(id);
    }
    return [...own];
  }

  /** The steps behind one entry of `after`. */
  private stepsOf(value: unknown, step: string): string[] {
    const state = wireState(value) ?? outputsState(value);
    if (state === undefined) {
      const reason = 'holds something that is not the output of a step';
      throw new BadOption({ of: `a call of step "${step}"`, option: 'after', reason });
    }
    checkPlan(state, { plan: this, step, input: 'after' });
    const ids = new Set<string>();
    if ('stepId' in state) ids.add(state.stepId);
    else collectSources(state.spec, ids);
    return [...ids];
  }

  private takeId(name: string, given: string | undefined): string {
    if (given !== undefined) {
      checkStepId(given);
      const id = this.scope.prefix + given;
      if (this.taken.has(id)) throw new DuplicateStepId({ pipeline: this.pipeline, id });
      this.taken.add(id);
      return id;
    }
    const base = this.scope.prefix + name;
    let count = this.counts.get(base) ?? 0;
    let id: string;
    do id = ++count === 1 ? base : `${base}_${count}`;
    while (this.taken.has(id));
    this.counts.set(base, count);
    this.taken.add(id);
    return id;
  }

  private checkCall(of: string, options: CallOptions): void {
    checkKnown(of, options, CALL_OPTIONS);
    if (options.after === undefined) return;
    if (!Array.isArray(options.after)) throw new BadOption({ of, option: 'after', reason: 'must be an array of the outputs of steps' });
    this.hasAfter = true;
  }

  private settingsOf(definition: StepDefinition): StepSettings {
    const { settings, defaults } = this.scope;
    let planned = settings.get(definition);
    if (planned === undefined) settings.set(definition, (planned = plannedSettings(mergeSettings(defaults, definition.settings))));
    return planned;
  }

  private outputsOf(id: string, { outputs = [{ name: 'output' }] }: StepDefinition): StepSpec['outputs'] {
    return outputs.map((output) => ({ ...output, artifact: output.artifact ?? `${this.pipeline}/${id}/${output.name}` }));
  }

  private resultOf({ id, outputs, splitOutputs }: StepSpec): unknown {
    const wire = (output: string): StepOutput<unknown> => makeWire({ plan: this, spec: { from: id, output } });
    if (!splitOutputs) return wire('output');
    const known = outputs.map(({ name }) => name);
    const wires = Object.fromEntries(known.map((name) => [name, wire(name)]));
    return makeOutputs({ plan: this, stepId: id, outputs: known }, wires, (output) => new UnknownOutput({ step: id, output, known }));
  }
}

/** The names up to and with the first one that was there before. */
function untilRepeated(path: readonly string[]): string[] {
  const repeated = path.findIndex((name, index) => path.indexOf(name) < index);
  return repeated === -1 ? [...path] : path.slice(0, repeated + 1);
}
