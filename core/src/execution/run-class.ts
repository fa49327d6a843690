import { setImmediate } from 'node:timers/promises';

import { isReadFromStore } from '../artifacts/hand-over.ts';
import { BadStepMethod, StepNotStarted } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ClassPipeline } from '../pipeline/class-pipeline.ts';
import { classRunContext, type ClassRunContext } from '../pipeline/class-run-context.ts';
import { classStepSpec, type ClassStep } from '../pipeline/class-step.ts';
import type { PipelineSpec, StepSpec } from '../pipeline/pipeline-spec.ts';
import type { RunRecord } from '../store/run-data.ts';
import { stepContext } from '../tracking/context.ts';
import { AwaitedCall } from './awaited-call.ts';
import { classOrigin, type CodeOrigin } from './child/code-origin.ts';
import { ClassLineage } from './class-lineage.ts';
import { classStepCode } from './class-step-code.ts';
import { endRun, type FinishedRun, type RunEnd } from './end-run.ts';
import { allHooks } from './check-alerters.ts';
import { callOnFrozen, instanceSource, type InstanceSource } from './frozen-instance.ts';
import { MaskedOutput } from './masked-output.ts';
import { openRun, type OpenRun } from './open-run.ts';
import { reasonOf } from './outcome.ts';
import type { EarlierStep } from './recorded-steps.ts';
import type { RunOptions } from './run-options.ts';
import { runStep } from './run-step.ts';
import { DEFAULT_CONCURRENCY } from './schedule-plan.ts';
import { Semaphore } from './semaphore.ts';
import { skipStep } from './skip-step.ts';
import { undeclaredOutputs } from './step-outputs.ts';
import { untilAborted } from './until-stopped.ts';
import { callUserCode } from './user-code.ts';
import { keepStep, recordsOf, type StepCall, type StepEnd } from './step-call.ts';

/** Runs a class-style pipeline: its `run` as written, every `@step` call in it a step run. */
export async function runClassPipeline(
  pipeline: ClassPipeline,
  params: JsonObject,
  options: RunOptions,
  resumed?: RunRecord,
): Promise<FinishedRun<unknown>> {
  const source = instanceSource(pipeline);
  const plan: PipelineSpec = {
    specVersion: 1,
    pipeline: pipeline.name,
    style: 'class',
    module: pipeline.module,
    params,
    steps: [],
    ...(pipeline.onTrackerError && { onTrackerError: pipeline.onTrackerError }),
    ...(pipeline.settings && { settings: pipeline.settings }),
  };
  const steps = [...pipeline.steps.values()].map((step) => ({
    step: classStepSpec(pipeline, step.name, step, {}),
    code: classStepCode(pipeline, source, step),
  }));
  const possible = steps.map(({ step }) => step);
  const run = await openRun(plan, options, { possibleSteps: possible, resumed, hooks: allHooks(pipeline, pipeline.steps.values()) });
  const classRun = new ClassRun(run, pipeline, source);
  const body = async (): Promise<unknown> => {
    const { run: method } = pipeline.Class.prototype as InstanceType<typeof pipeline.Class>;
    return callOnFrozen(source, 'run()', method, [structuredClone(params)]);
  };
  return endRun(run, pipeline.hooks, async () => {
    let result: unknown;
    let thrown: { error: unknown } | undefined;
    const printed = new MaskedOutput();
    await run.sources.lookAhead(steps);
    try {
      // A run that a step of another run began has steps of its own.
      const work = callUserCode({ output: (...chunk) => printed.output(...chunk), stray: (error) => classRun.stray(error) }, () =>
        classRunContext().run(classRun, () => stepContext().run(undefined as never, body)),
      );
      result = await untilAborted(Promise.race([work, classRun.strayed]), run.signal);
    } catch (error) {
      thrown = { error };
    }
    printed.end();
    return { failed: await classRun.end(thrown), result: async () => result };
  });
}

interface Failure {
  step: string;
  error: unknown;
  call: AwaitedCall;
}

class ClassRun implements ClassRunContext {
  private readonly run: OpenRun;
  private readonly pipeline: ClassPipeline;
  private readonly source: InstanceSource;
  private readonly origin: CodeOrigin;
  private readonly slots: Semaphore;
  private readonly lineage: ClassLineage;
  private readonly calls = new Map<string, number>();
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly failures: Failure[] = [];
  /** The failure that stopped the run under `fail-fast`. */
  private stoppedBy: Failure | undefined;
  /** What a step run threw that is no failure of the step: a defect of ours or of the store. */
  private defect: { error: unknown } | undefined;
  /** Why no step starts any more. */
  private over: string | undefined;
  private ended = false;
  /** The first error of run() that nobody can catch: of a promise that it does not wait for, as one that a helper gave. */
  private strayError: { error: unknown } | undefined;
  private readonly whenStrayed = Promise.withResolvers<never>();

  constructor(run: OpenRun, pipeline: ClassPipeline, source: InstanceSource) {
    this.run = run;
    this.pipeline = pipeline;
    this.source = source;
    this.origin = classOrigin(pipeline);
    this.slots = new Semaphore(run.options.concurrency ?? run.stack.orchestrator.execution?.concurrency ?? DEFAULT_CONCURRENCY);
    this.lineage = new ClassLineage(run);
    this.whenStrayed.promise.catch(() => undefined);
  }

  /** Rejects with the first stray error. */
  get strayed(): Promise<never> {
    return this.whenStrayed.promise;
  }

  stray(error: unknown): void {
    if (this.ended) return this.run.warn(`run() left something running, which failed after it had ended: ${reasonOf(error)}`);
    this.strayError ??= { error };
    this.whenStrayed.reject(error);
  }

  call(step: ClassStep, receiver: unknown, given: unknown): Promise<unknown> {
    const { Class } = this.pipeline;
    if (!Object.prototype.isPrototypeOf.call(Class.prototype as object, receiver as object))
      throw new BadStepMethod({ step: step.name, reason: `was called in a run of ${Class.name}, but not on its "this"` });
    const id = this.nextId(step.name);
    if (this.whyOver() !== undefined) return this.refused(id);
    const work = this.queued(step, id, given);
    const call = AwaitedCall.of(work);
    this.underWay.add(work);
    work.then(
      () => this.underWay.delete(work),
      (error: unknown) => {
        this.underWay.delete(work);
        this.failed({ step: id, error, call });
      },
    );
    return call;
  }

  /** Waits for step calls that run() did not wait for, and lets none begin after them. Gives what the run failed with; `thrown` is what run() threw. */
  async end(thrown: { error: unknown } | undefined): Promise<RunEnd<unknown>['failed']> {
    const { signal, options, warnings } = this.run;
    const failure = thrown && this.failureOf(thrown);
    if (thrown !== undefined && options.executionMode !== 'continue-on-failure')
      this.over = failure === undefined ? 'run() has failed' : `step "${failure.step}" failed`;
    while (this.underWay.size > 0) {
      await Promise.allSettled(this.underWay);
      // In a turn of its own: what waited for them may call the next ones.
      await setImmediate();
    }
    this.over ??= 'the run has ended';
    this.ended = true;
    if (this.defect !== undefined) throw this.defect.error;
    const stopped = signal.aborted && thrown?.error === signal.reason;
    if (thrown !== undefined && !stopped) return { step: failure?.step, error: thrown.error };
    if (signal.aborted) return this.stoppedBy;
    if (this.strayError !== undefined) return { step: this.failureOf(this.strayError)?.step, error: this.strayError.error };
    const unseen = this.failures.find(({ call }) => !call.awaited);
    // A decorator that was forgotten is no error anywhere: the method runs as it is written.
    if (this.calls.size === 0)
      warnings.push(`run() of ${this.pipeline.Class.name} called no step, so nothing of it is recorded: a step is a method with @step()`);
    if (unseen !== undefined) warnings.push(`run() did not wait for step "${unseen.step}", which failed: await every step call`);
    return unseen;
  }

  private async queued(step: ClassStep, id: string, given: unknown): Promise<unknown> {
    const free = await this.slots.take();
    try {
      const value = await this.perform(step, id, given);
      free();
      return value;
    } catch (error) {
      // In a turn of its own: first run() hears of the failure, and may end before the next step begins.
      void setImmediate().then(free);
      throw error;
    }
  }

  private async perform(step: ClassStep, id: string, given: unknown): Promise<unknown> {
    const over = this.whyOver();
    if (over !== undefined) {
      // An earlier session may have completed the step of this id, which stays.
      if (!this.run.earlier?.hasId(id)) await skipStep(this.run, this.planned(step, id, {}), over);
      return this.refuse(id);
    }
    const { inputs, specs, release } = await this.lineage.inputs(id, given);
    const place = await this.placeOf(step, id, inputs);
    const spec = this.planned(step, place.stepId, specs);
    const call: StepCall = {
      step: spec,
      mapIndex: undefined,
      code: classStepCode(this.pipeline, this.source, step),
      origin: this.origin,
      inputs,
    };
    const end = await (place.end === undefined ? runStep(this.run, call) : keepStep(this.run, call, place.end))
      .catch((error: unknown) => {
        this.defect ??= { error };
        throw error;
      })
      .finally(release);
    if (end.status === 'failed' || end.status === 'killed') throw end.error;
    return this.hand(spec, end);
  }

  /** In a run that was resumed a call takes the place that it had before, known by what it is given; a new one takes an id that was never used. */
  private async placeOf(step: ClassStep, id: string, inputs: StepCall['inputs']): Promise<EarlierStep> {
    const { earlier } = this.run;
    if (earlier === undefined) return { stepId: id, end: undefined };
    const found = earlier.take(classStepSpec(this.pipeline, id, step, {}), await earlier.contentOf(recordsOf({ inputs })));
    if (found !== undefined) return found;
    let fresh = id;
    while (earlier.hasId(fresh)) fresh = this.nextId(step.name);
    return { stepId: fresh, end: undefined };
  }

  private planned(step: ClassStep, id: string, inputs: StepSpec['inputs']): StepSpec {
    const spec = classStepSpec(this.pipeline, id, step, inputs);
    this.run.plan.steps.push(spec);
    return spec;
  }

  private failed(failure: Failure): void {
    this.failures.push(failure);
    if (this.run.options.executionMode !== 'fail-fast' || this.run.signal.aborted) return;
    this.stoppedBy = failure;
    this.run.stopSteps(`step "${failure.step}" failed`);
  }

  private failureOf(thrown: { error: unknown }): Failure | undefined {
    return this.failures.find(({ error }) => error === thrown.error);
  }

  private whyOver(): string | undefined {
    return this.run.signal.aborted ? reasonOf(this.run.signal.reason) : this.over;
  }

  /** A call that comes too late. After the end, where nobody waits for it, no more is heard of it than this warning. */
  private refused(id: string): AwaitedCall {
    const refusal = this.refuse(id);
    const call = AwaitedCall.of(refusal);
    refusal.catch(() => {
      if (this.ended && !call.awaited)
        this.run.warn(`step "${id}" was called after run() had ended, and did not run: await every step call`);
    });
    return call;
  }

  /**
   * Refuses a call that comes too late. Code that calls again and again must not keep the process from ending: it is told in a turn of its own, and
   * after the end of a run that was stopped not at all, for nobody waits for that code any more.
   */
  private async refuse(id: string): Promise<never> {
    await setImmediate();
    if (this.ended && this.run.signal.aborted) return new Promise(() => undefined);
    this.run.signal.throwIfAborted();
    throw new StepNotStarted({ step: id, reason: this.over ?? '' });
  }

  /** `train`, `train_2`, ...: save what is another step's name, which is the place of that one's first call. */
  private nextId(name: string): string {
    let count = this.calls.get(name) ?? 0;
    let id: string;
    do id = ++count === 1 ? name : `${name}_${count}`;
    while (count > 1 && this.pipeline.steps.has(id));
    this.calls.set(name, count);
    return id;
  }

  /** The value of a step call, remembered by identity so that its lineage is known where it is handed over. */
  private async hand(spec: StepSpec, end: StepEnd): Promise<unknown> {
    const value =
      end.returned === undefined || isInStore(spec, end.returned.value)
        ? await untilAborted(this.loadOutputs(spec, end), this.run.signal)
        : declaredOf(spec, end.returned.value);
    for (const [output, version] of end.outputs) {
      this.lineage.remember(spec.splitOutputs ? (value as Record<string, unknown>)[output] : value, version, { from: spec.id, output });
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
}

/** What was returned, without what a cache hit would not give. */
function declaredOf(spec: StepSpec, returned: unknown): unknown {
  if (undeclaredOutputs(spec, returned).length === 0) return returned;
  return Object.fromEntries(spec.outputs.map(({ name }) => [name, (returned as Record<string, unknown>)[name]]));
}

/** Of what was returned, something is to be read from the store. */
function isInStore(spec: StepSpec, returned: unknown): boolean {
  return spec.splitOutputs ? Object.values(returned as object).some(isReadFromStore) : isReadFromStore(returned);
}
