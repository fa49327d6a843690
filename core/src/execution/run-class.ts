import { types } from 'node:util';

import { fingerprint } from '../artifacts/fingerprint.ts';
import { keyPrefixOf } from '../artifacts/artifact-key.ts';
import { saveValue } from '../artifacts/save-value.ts';
import { toTagged } from '../artifacts/tagged-json.ts';
import { FrozenInstance, InputNotStorable, StepArguments } from '../errors.ts';
import { newId } from '../id.ts';
import type { JsonObject } from '../json.ts';
import type { ClassPipeline } from '../pipeline/class-pipeline.ts';
import { classRunContext, type ClassRunContext } from '../pipeline/class-run-context.ts';
import { classStepSpec, type ClassStep } from '../pipeline/class-step.ts';
import type { InputSpec, PipelineSpec, StepSpec } from '../pipeline/pipeline-spec.ts';
import type { VersionRecord } from '../store/metadata-store.ts';
import { endRun, type FinishedRun } from './end-run.ts';
import { openRun, type OpenRun } from './open-run.ts';
import { reasonOf } from './outcome.ts';
import { contentOf, recordOf } from './plan-results.ts';
import type { RunOptions } from './run-options.ts';
import { runStep, untilAborted } from './run-step.ts';
import { DEFAULT_CONCURRENCY } from './schedule-plan.ts';
import { Semaphore } from './semaphore.ts';
import type { StepCode, StepEnd, StepInput } from './step-call.ts';

/** Plain values up to this many characters of JSON are recorded as they are; larger ones are stored as artifact versions. */
const MAX_PLAIN = 4096;

/** Runs a class-style pipeline: its `run` as written, every `@step` call in it a step run. */
export async function runClassPipeline(pipeline: ClassPipeline, params: JsonObject, options: RunOptions): Promise<FinishedRun<unknown>> {
  const plan: PipelineSpec = {
    specVersion: 1,
    pipeline: pipeline.name,
    style: 'class',
    module: pipeline.module,
    params,
    steps: [],
  };
  const possible = [...pipeline.steps.values()].map((step) => classStepSpec(pipeline.name, step.name, step, {}));
  const run = await openRun(plan, options, possible);
  const classRun = new ClassRun(run, pipeline);
  return endRun(run, async () => {
    let result: unknown;
    let failed: { step: string | undefined; error: unknown } | undefined;
    try {
      const work = classRunContext().run(classRun, async () => Object.freeze(new pipeline.Class()).run(structuredClone(params) as never));
      result = await untilAborted(work, run.signal);
    } catch (error) {
      if (!run.signal.aborted || classRun.firstFailure !== undefined) failed = classRun.failureOf(error);
    }
    await classRun.settled();
    return { failed, result: async () => result };
  });
}

/** Where an object came from: the version whose bytes it was made of, or made. */
interface Origin {
  version: VersionRecord;
  from: { from: string; output: string } | undefined;
}

class ClassRun implements ClassRunContext {
  firstFailure: { step: string; error: unknown } | undefined;
  private readonly run: OpenRun;
  private readonly pipeline: ClassPipeline;
  private readonly slots: Semaphore;
  private readonly calls = new Map<string, number>();
  private readonly origins = new WeakMap<object, Origin>();
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(run: OpenRun, pipeline: ClassPipeline) {
    this.run = run;
    this.pipeline = pipeline;
    this.slots = new Semaphore(run.options.concurrency ?? DEFAULT_CONCURRENCY);
  }

  call(step: ClassStep, inputs: unknown): Promise<unknown> {
    const work = this.perform(step, inputs);
    this.underWay.add(work);
    const done = (): void => void this.underWay.delete(work);
    work.then(done, done);
    return work;
  }

  /** Waits for step calls that `run` did not wait for. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
  }

  /** What run() threw, with the step it came from if it did. */
  failureOf(error: unknown): { step: string | undefined; error: unknown } {
    const first = this.firstFailure;
    return { step: first?.error === error ? first?.step : undefined, error };
  }

  private async perform(step: ClassStep, given: unknown): Promise<unknown> {
    const id = this.nextId(step.name);
    const free = await this.slots.take();
    try {
      this.run.signal.throwIfAborted();
      const described = await this.describeInputs(id, given);
      const spec = classStepSpec(this.pipeline.name, id, step, described.specs);
      this.run.plan.steps.push(spec);
      const end = await runStep(this.run, { step: spec, mapIndex: undefined, code: this.codeOf(step), inputs: described.inputs });
      if (end.error !== undefined) throw this.failed(id, end.error);
      return await this.hand(spec, end);
    } finally {
      free();
    }
  }

  private failed(id: string, error: unknown): unknown {
    this.firstFailure ??= { step: id, error };
    if (this.run.options.executionMode === 'fail-fast') this.run.abort(`step "${id}" failed`);
    return error;
  }

  private nextId(name: string): string {
    const count = (this.calls.get(name) ?? 0) + 1;
    this.calls.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  }

  /** Each call runs on a fresh, frozen instance: what a step kept on `this` would be missing after a cache hit. */
  private codeOf(step: ClassStep): StepCode {
    const { Class } = this.pipeline;
    const fn = async (...inputs: never[]): Promise<unknown> => {
      try {
        return await Reflect.apply(step.method, Object.freeze(new Class()), inputs);
      } catch (error) {
        throw wroteToThis(error, step) ? new FrozenInstance({ pipeline: Class.name, step: step.name }, { cause: error }) : error;
      }
    };
    return { fn, module: step.module, frames: step.frames, insideFunction: step.insideFunction, ordinal: step.ordinal };
  }

  /** The value of a step call, remembered by identity so that its lineage is known where it is handed over. */
  private async hand(spec: StepSpec, end: StepEnd): Promise<unknown> {
    const value = end.returned === undefined ? await this.loadOutputs(spec, end) : end.returned.value;
    for (const [output, version] of end.outputs) {
      const part = spec.splitOutputs ? (value as Record<string, unknown>)[output] : value;
      if (isObject(part)) this.origins.set(part, { version, from: { from: spec.id, output } });
      this.run.handOver.drop(version.id);
    }
    return value;
  }

  private async loadOutputs(spec: StepSpec, end: StepEnd): Promise<unknown> {
    const load = (output: string): Promise<unknown> => this.run.handOver.take(end.outputs.get(output)!, this.run.stack.artifactStore);
    if (!spec.splitOutputs) return load(spec.outputs[0]!.name);
    const values: Record<string, unknown> = {};
    for (const { name } of spec.outputs) values[name] = await load(name);
    return values;
  }

  private async describeInputs(
    stepId: string,
    given: unknown,
  ): Promise<{ inputs: Record<string, StepInput>; specs: Record<string, InputSpec> }> {
    const inputs: Record<string, StepInput> = {};
    const specs: Record<string, InputSpec> = {};
    if (given === undefined) return { inputs, specs };
    if (!isObject(given) || Array.isArray(given))
      throw new StepArguments({ step: stepId, reason: `was called with ${Array.isArray(given) ? 'an array' : typeof given}` });
    for (const [name, value] of Object.entries(given)) {
      const described = await this.describe(stepId, name, value);
      inputs[name] = { ...described.input, load: async () => value };
      specs[name] = described.spec;
    }
    return { inputs, specs };
  }

  private async describe(stepId: string, name: string, value: unknown): Promise<{ input: Omit<StepInput, 'load'>; spec: InputSpec }> {
    const origin = isObject(value) ? this.origins.get(value) : undefined;
    if (origin !== undefined) {
      const unchanged = (await fingerprint(value)) === origin.version.sha256;
      const version = unchanged ? origin.version : await this.keepLoose(stepId, name, value, 'changed outside a step');
      if (!unchanged) this.origins.set(value as object, { version, from: undefined });
      return describedVersion(version, unchanged ? origin.from : undefined);
    }
    if (Array.isArray(value) && value.some((item) => isObject(item) && this.origins.has(item))) {
      const items = await Promise.all(value.map((item) => this.describe(stepId, name, item)));
      return {
        input: { record: { list: items.map((item) => item.input.record) }, content: items.map((item) => item.input.content) },
        spec: { list: items.map((item) => item.spec) },
      };
    }
    const plain = plainValue(value);
    if (plain !== undefined)
      return { input: { record: { value: plain.json }, content: { value: plain.json } }, spec: { value: plain.json } };
    const version = await this.keepLoose(stepId, name, value, 'made outside a step');
    if (isObject(value)) this.origins.set(value, { version, from: undefined });
    return describedVersion(version, undefined);
  }

  private async keepLoose(stepId: string, input: string, value: unknown, note: string): Promise<VersionRecord> {
    const id = newId();
    const artifact = `${this.pipeline.name}/${stepId}/input-${input}`;
    const keyPrefix = keyPrefixOf(artifact, id);
    try {
      const { encoded: _, ...saved } = await saveValue(value, { store: this.run.stack.artifactStore, keyPrefix, signal: this.run.signal });
      return await this.run.store.commitLooseVersion(
        { id, artifact, storeId: this.run.stack.artifactStore.id, keyPrefix, producerRunId: this.run.id, workerId: this.run.worker.id },
        { ...saved, id, output: input, metadata: { note: { type: 'string', value: note } } },
      );
    } catch (cause) {
      throw new InputNotStorable({ step: stepId, input, reason: `cannot be stored: ${reasonOf(cause)}` }, { cause });
    }
  }
}

function describedVersion(
  version: VersionRecord,
  from: { from: string; output: string } | undefined,
): { input: Omit<StepInput, 'load'>; spec: InputSpec } {
  return {
    input: { record: recordOf(version), content: contentOf(version) },
    spec: from ?? { value: { artifact: version.artifact, version: version.version } },
  };
}

function plainValue(value: unknown): { json: ReturnType<typeof toTagged> } | undefined {
  if (ArrayBuffer.isView(value)) return undefined;
  try {
    const json = toTagged(value);
    return JSON.stringify(json).length <= MAX_PLAIN ? { json } : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** V8's text for a write to a frozen object, of a property that the method's source assigns to `this`. */
function wroteToThis(error: unknown, step: ClassStep): boolean {
  if (!types.isNativeError(error) || error.name !== 'TypeError') return false;
  const property = /^Cannot (?:add property|assign to read only property|delete property) '?([\w$]+)'?/.exec(error.message)?.[1];
  return (
    property !== undefined &&
    new RegExp(`\\bthis\\s*(?:\\.\\s*${escape(property)}\\b|\\[)`).test(Function.prototype.toString.call(step.method))
  );
}

function escape(text: string): string {
  return text.replaceAll('$', '\\$');
}
