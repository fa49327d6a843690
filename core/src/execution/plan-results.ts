import { contentOf } from '../artifacts/content-of.ts';
import { fingerprint } from '../artifacts/fingerprint.ts';
import { fromTagged, toTagged } from '../artifacts/tagged-json.ts';
import { BadCondition, MapNotArray } from '../errors.ts';
import type { Json } from '../json.ts';
import { collectSources, dependenciesOf } from '../pipeline/dependencies.ts';
import type { ConditionSpec, InputSpec, PipelineSpec, StepSpec, WireSpec } from '../pipeline/pipeline-spec.ts';
import type { VersionRecord } from '../store/version-data.ts';
import { described } from '../tracking/log-calls.ts';
import { inputNotLoadable } from './input-not-loadable.ts';
import { loadItems } from './load-items.ts';
import type { OpenRun } from './open-run.ts';
import type { StepEnd, StepInput } from './step-call.ts';
import { untilAborted } from './until-stopped.ts';

/** Where a step of the plan stands: its end, or one end per item of a mapped step, of which `left` have not ended. */
type Result = { one: StepEnd } | { items: (StepEnd | undefined)[]; left: number };

/** What an input spec stands for once the steps above it have ended. */
type Source = { value: Json } | { version: VersionRecord } | { list: Source[] } | { skipped: string };

/** The results of a function-style run, and the inputs made of them. */
export class PlanResults {
  private readonly run: OpenRun;
  private readonly results = new Map<string, Result>();
  private readonly steps: Map<string, StepSpec>;
  /** Steps that have not taken a step's outputs yet; without any left the values are let go. */
  private readonly consumers = new Map<string, number>();
  private readonly arrays = new Map<string, Promise<unknown[]>>();

  constructor(run: OpenRun, plan: PipelineSpec) {
    this.run = run;
    this.steps = new Map(plan.steps.map((step) => [step.id, step]));
    for (const step of plan.steps) for (const id of dependenciesOf(step)) this.consumers.set(id, (this.consumers.get(id) ?? 0) + 1);
    const needed = new Set<string>();
    for (const input of resultSpecs(plan)) collectSources(input, needed);
    for (const id of needed) this.consumers.set(id, (this.consumers.get(id) ?? 0) + 1);
  }

  expectItems(stepId: string, length: number): void {
    this.results.set(stepId, { items: Array.from({ length }, () => undefined), left: length });
  }

  record(stepId: string, mapIndex: number | undefined, end: StepEnd): void {
    const known = this.results.get(stepId);
    const mapped = known !== undefined && 'items' in known ? known : undefined;
    if (mapped === undefined) {
      this.results.set(stepId, { one: end });
    } else if (mapIndex !== undefined) {
      mapped.items[mapIndex] = end;
      mapped.left--;
    }
    // A map over nothing has ended without any step run: its result is the empty list.
    const whole = mapped === undefined || mapped.left === 0;
    if (whole) this.release(stepId);
  }

  /** Why a step is not to run though all it waits for has ended well, or undefined. Throws `BadCondition` for a condition that is neither true nor false. */
  async skipReason(step: StepSpec): Promise<string | undefined> {
    for (const condition of step.when) {
      const reason = await this.conditionReason(condition);
      if (reason !== undefined) return reason;
    }
    for (const [name, input] of Object.entries(step.inputs)) {
      const source = await this.source(input);
      if ('skipped' in source) return `its input "${name}" comes from ${source.skipped}, which was skipped`;
    }
    return undefined;
  }

  /** Items of a mapped step: the length that all its mapped inputs share. Throws `MapNotArray`. */
  async mapLength(step: StepSpec): Promise<number> {
    let length: number | undefined;
    for (const name of step.map ?? []) {
      const source = await this.source(step.inputs[name]!);
      const items = 'list' in source ? source.list.length : (await this.mappedArray(step, name, source)).length;
      if (length !== undefined && length !== items)
        throw new MapNotArray({ step: step.id, input: name, reason: `it has ${items} items where another has ${length}` });
      length = items;
    }
    return length ?? 0;
  }

  async inputs(step: StepSpec, mapIndex: number | undefined): Promise<Record<string, StepInput>> {
    const inputs: Record<string, StepInput> = {};
    for (const [name, spec] of Object.entries(step.inputs)) {
      const mapped = mapIndex !== undefined && step.map?.includes(name);
      inputs[name] = mapped ? await this.item(step, name, spec, mapIndex) : this.whole(await this.source(spec));
    }
    return inputs;
  }

  /** What the body returned, as values; undefined for what was skipped. */
  async result(plan: PipelineSpec): Promise<unknown> {
    if (plan.result === undefined) return undefined;
    if ('wire' in plan.result) return this.value(plan.result.wire);
    const values: Record<string, unknown> = {};
    for (const [name, spec] of Object.entries(plan.result.wires)) values[name] = await this.value(spec);
    return values;
  }

  private async value(spec: InputSpec): Promise<unknown> {
    const source = await this.source(spec);
    return 'skipped' in source ? undefined : this.load(source);
  }

  private async conditionReason(condition: ConditionSpec): Promise<string | undefined> {
    const source = this.wire(condition);
    if ('skipped' in source) return `its condition comes from ${source.skipped}, which was skipped`;
    const holds = await this.load(source);
    if (typeof holds !== 'boolean')
      throw new BadCondition({ reason: `was given the output of step "${condition.from}", which is ${described(holds)}` });
    return holds === condition.is ? undefined : `${condition.from} gave ${String(holds)}`;
  }

  private async source(spec: InputSpec): Promise<Source> {
    if ('value' in spec) return { value: spec.value };
    if ('from' in spec) return this.wire(spec);
    if ('list' in spec) {
      const list = await Promise.all(spec.list.map((item) => this.source(item)));
      return list.find((item) => 'skipped' in item) ?? { list };
    }
    const condition = this.wire(spec.when);
    return 'skipped' in condition ? condition : this.source(await this.branch(spec));
  }

  /** The branch that a condition, which was not skipped, has chosen. */
  private async branch(spec: Extract<InputSpec, { when: WireSpec }>): Promise<InputSpec> {
    if (await this.load(this.wire(spec.when))) return spec.then;
    return spec.else ?? { value: toTagged(undefined) };
  }

  /** An item of what consists of several outputs, found without a look at the others; undefined of what is one value, an array. */
  private async element(spec: InputSpec, index: number): Promise<Source | undefined> {
    if ('list' in spec) return this.source(spec.list[index]!);
    if ('when' in spec) return this.element(await this.branch(spec), index);
    if (!('from' in spec)) return undefined;
    const result = this.results.get(spec.from)!;
    return 'one' in result ? undefined : versionOf(`${spec.from}[${index}]`, result.items[index]!, spec.output);
  }

  private wire({ from, output }: WireSpec): Source {
    const result = this.results.get(from);
    if (result === undefined) return { skipped: from };
    if ('one' in result) return versionOf(from, result.one, output);
    const list = result.items.map((item, index) =>
      item === undefined ? { skipped: `${from}[${index}]` } : versionOf(`${from}[${index}]`, item, output),
    );
    return list.find((item) => 'skipped' in item) ?? { list };
  }

  /** A value that no attempt loads, which would end when the run is stopped: it is not waited for any longer than that. */
  private load(source: Source): Promise<unknown> {
    const { signal } = this.run;
    return untilAborted(this.whole(source).load(signal), signal);
  }

  private whole(source: Source): StepInput {
    const { handOver, stack } = this.run;
    if ('value' in source)
      return {
        record: { value: source.value },
        content: { value: source.value },
        stored: source,
        load: async () => fromTagged(source.value),
      };
    if ('version' in source) {
      const { version } = source;
      return {
        record: recordOf(version),
        content: contentOf(version),
        stored: source,
        load: (signal) => handOver.take(version, stack.artifactStore, signal && { signal }),
      };
    }
    if ('skipped' in source) throw new Error(`a skipped wire has no value: ${source.skipped}`);
    const items = source.list.map((item) => this.whole(item));
    return {
      record: { list: items.map((item) => item.record) },
      content: items.map((item) => item.content),
      stored: { list: items.map((item) => item.stored) },
      load: (signal) => loadItems(items, signal),
    };
  }

  private async item(step: StepSpec, name: string, spec: InputSpec, index: number): Promise<StepInput> {
    const element = await this.element(spec, index);
    if (element !== undefined) return this.whole(element);
    const source = await this.source(spec);
    const items = await this.mappedArray(step, name, source);
    if ('value' in source) return this.whole({ value: toTagged(items[index]) });
    let first = true;
    const { version } = source as { version: VersionRecord };
    return {
      record: { ...recordOf(version), item: index },
      content: contentOf(await fingerprint(items[index])),
      stored: { version, item: index },
      load: async (signal) => {
        // Each item of the decoded array goes to one step run; an attempt after it gets a fresh copy.
        if (first) {
          first = false;
          return items[index];
        }
        return ((await this.whole(source).load(signal)) as unknown[])[index];
      },
    };
  }

  private mappedArray(step: StepSpec, name: string, source: Source): Promise<unknown[]> {
    const key = JSON.stringify([step.id, name]);
    let array = this.arrays.get(key);
    if (array === undefined) this.arrays.set(key, (array = this.loadArray(step, name, source)));
    return array;
  }

  private async loadArray(step: StepSpec, name: string, source: Source): Promise<unknown[]> {
    // Its items go to steps that are to have nothing in common.
    const { handOver, stack } = this.run;
    const loading = 'version' in source ? handOver.takeAnew(source.version, stack.artifactStore) : this.whole(source).load();
    const named = loading.catch((cause: unknown) => {
      throw inputNotLoadable(step.id, name, cause);
    });
    const value = await untilAborted(named, this.run.signal);
    if (Array.isArray(value)) return value as unknown[];
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float64Array);
    throw new MapNotArray({
      step: step.id,
      input: name,
      reason: `it is ${value === null || value === undefined ? String(value) : typeof value === 'object' ? 'an object' : `a ${typeof value}`}`,
    });
  }

  /** A step has ended for good: what only it still needed is let go. */
  private release(stepId: string): void {
    const step = this.steps.get(stepId);
    if (step === undefined) return;
    for (const name of step.map ?? []) this.arrays.delete(JSON.stringify([stepId, name]));
    for (const id of dependenciesOf(step)) {
      const left = (this.consumers.get(id) ?? 1) - 1;
      this.consumers.set(id, left);
      if (left === 0) this.letGo(id);
    }
    if ((this.consumers.get(stepId) ?? 0) === 0) this.letGo(stepId);
  }

  private letGo(stepId: string): void {
    const result = this.results.get(stepId);
    if (result === undefined) return;
    const ends = 'one' in result ? [result.one] : result.items;
    for (const end of ends) {
      if (end === undefined) continue;
      // Deleting it would make V8 keep the others in a slower way.
      end.returned = undefined;
      for (const version of end.outputs.values()) this.run.handOver.drop(version.id);
    }
  }
}

function resultSpecs(plan: PipelineSpec): InputSpec[] {
  if (plan.result === undefined) return [];
  return 'wire' in plan.result ? [plan.result.wire] : Object.values(plan.result.wires);
}

function versionOf(step: string, end: StepEnd, output: string): Source {
  const version = end.outputs.get(output);
  return version === undefined ? { skipped: step } : { version };
}

export function recordOf(version: VersionRecord): { versionId: string; artifact: string; version: number } {
  return { versionId: version.id, artifact: version.artifact, version: version.version };
}
