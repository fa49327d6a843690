import type { Pipeline } from '../pipeline/pipeline.ts';
import type { CompiledPipeline } from '../pipeline/compile.ts';
import { dependenciesOf } from '../pipeline/dependencies.ts';
import type { StepSpec, StepStatus } from '../pipeline/pipeline-spec.ts';
import { mergedSettings } from '../stack/merged-settings.ts';
import type { OrchestratedRun } from '../stack/orchestrator.ts';
import type { RunRecord } from '../store/run-data.ts';
import { allHooks } from './check-alerters.ts';
import { CheckedPlan } from './checked-plan.ts';
import { functionOrigin, type CodeOrigin } from './child/code-origin.ts';
import { openRun, type OpenRun } from './open-run.ts';
import { reasonOf } from './outcome.ts';
import { PlanResults } from './plan-results.ts';
import type { RunOptions } from './run-options.ts';
import { runStep } from './run-step.ts';
import { skipStep } from './skip-step.ts';
import { keepStep, recordsOf, type StepCall, type StepEnd } from './step-call.ts';
import { endRun, type FinishedRun } from './end-run.ts';

/** Runs a function-style pipeline, or goes on with a run of it (`resumed`): compiles its plan for these params, hands it to the stack's orchestrator, and ends the run. */
export async function runPipelineFunction<R>(
  pipeline: Pipeline,
  params: object,
  options: RunOptions = {},
  resumed?: RunRecord,
): Promise<FinishedRun<R>> {
  const compiled = await pipeline.compile(params);
  const hooks = allHooks(pipeline['~mortise.pipeline'], compiled.steps.values());
  const run = await openRun(compiled.spec, options, { resumed, hooks });
  const functionRun = new FunctionRun(run, compiled, functionOrigin(pipeline['~mortise.pipeline'], compiled.spec.params));
  return endRun<R>(run, pipeline['~mortise.pipeline'].hooks, async () => {
    // A step that is named and not called is no error anywhere.
    if (compiled.spec.steps.length === 0)
      run.warnings.push(`the body of pipeline "${compiled.spec.pipeline}" called no step, so nothing ran`);
    await run.sources.lookAhead(compiled.spec.steps.map((step) => ({ step, code: compiled.steps.get(step.id)! })));
    const { flavor } = run.stack.snapshot.components.find(({ type }) => type === 'orchestrator')!;
    const checked = new CheckedPlan(functionRun, compiled.spec, flavor);
    try {
      await checked.carriedOutBy(run.stack.orchestrator, compiled.spec);
      await checked.requireWhole(() => functionRun.firstFailure !== undefined);
    } catch (error) {
      await functionRun.stopRest(error);
      throw error;
    }
    await functionRun.settleNeverStarted();
    return { failed: functionRun.firstFailure, result: () => functionRun.results.result(compiled.spec) as Promise<R> };
  });
}

/** The plan of a run as an orchestrator executes it. */
class FunctionRun implements OrchestratedRun {
  readonly results: PlanResults;
  readonly executionMode;
  readonly concurrency;
  readonly signal: AbortSignal;
  firstFailure: { step: string; error: unknown } | undefined;
  private readonly run: OpenRun;
  private readonly compiled: CompiledPipeline;
  private readonly origin: CodeOrigin;
  private readonly steps: Map<string, StepSpec>;
  /** Steps, and items as `each[2]`. */
  private readonly started = new Set<string>();
  /** Number of items of mapped steps, once it is known. */
  private readonly items = new Map<string, number>();
  /** Why the length of a mapped step could not be told: its run fails with it. */
  private readonly mapErrors = new Map<string, Error>();
  /** Ids of steps that failed, and what of each did first: itself, or an item. */
  private readonly failures = new Map<string, string>();
  private readonly underWay = new Set<Promise<StepEnd>>();

  constructor(run: OpenRun, compiled: CompiledPipeline, origin: CodeOrigin) {
    this.run = run;
    this.compiled = compiled;
    this.origin = origin;
    this.results = new PlanResults(run, compiled.spec);
    this.steps = new Map(compiled.spec.steps.map((step) => [step.id, step]));
    this.executionMode = run.options.executionMode ?? 'stop-on-failure';
    this.concurrency = run.options.concurrency;
    this.signal = run.signal;
  }

  abortRunning(reason: string): void {
    this.run.stopSteps(reason);
  }

  async settings(stepId: string): Promise<unknown> {
    const { snapshot, settings } = this.run.stack;
    const { name } = snapshot.components.find(({ type }) => type === 'orchestrator')!;
    const own = settings.get(`orchestrator:${name}`)!;
    return own.read(mergedSettings(own.component, this.steps.get(stepId)!.options.settings) ?? {}, `step "${stepId}"`);
  }

  async mapLength(stepId: string): Promise<number | undefined> {
    const step = this.steps.get(stepId)!;
    try {
      if (step.map === undefined || (await this.results.skipReason(step)) !== undefined) return undefined;
      const length = await this.results.mapLength(step);
      this.results.expectItems(stepId, length);
      if (length > 0) this.items.set(stepId, length);
      return length;
    } catch (error) {
      this.mapErrors.set(stepId, error as Error);
      return undefined;
    }
  }

  async runStep(stepId: string, mapIndex?: number): Promise<StepStatus> {
    const step = this.steps.get(stepId)!;
    this.started.add(mapIndex === undefined ? stepId : `${stepId}[${mapIndex}]`);
    const work = this.endOf(step, mapIndex);
    this.underWay.add(work);
    const end = await work.finally(() => this.underWay.delete(work));
    this.results.record(stepId, mapIndex, end);
    if (end.status === 'failed') {
      const name = mapIndex === undefined ? stepId : `${stepId}[${mapIndex}]`;
      this.firstFailure ??= { step: name, error: end.error };
      if (!this.failures.has(stepId)) this.failures.set(stepId, name);
    }
    return end.status;
  }

  private async endOf(step: StepSpec, mapIndex: number | undefined): Promise<StepEnd> {
    const code = this.compiled.steps.get(step.id)!;
    const failed = (error: Error, input = 'when'): Promise<StepEnd> =>
      runStep(this.run, {
        step: { ...step, options: { ...step.options, cache: false, isolation: 'inline' } },
        mapIndex,
        code,
        origin: this.origin,
        inputs: { [input]: broken(error) },
      });
    const mapError = this.mapErrors.get(step.id);
    if (mapError !== undefined) return failed(mapError);
    let reason: string | undefined;
    let inputs: StepCall['inputs'];
    try {
      reason = mapIndex === undefined ? await this.results.skipReason(step) : undefined;
      inputs = reason === undefined ? await this.results.inputs(step, mapIndex) : {};
    } catch (error) {
      // A condition is read from the store as inputs are, and fails its step as they do.
      return failed(error as Error, mapIndex === undefined ? undefined : step.map?.[0]);
    }
    if (reason !== undefined) return skipStep(this.run, step, reason);
    if (step.map !== undefined && mapIndex === undefined) {
      const { id } = await skipStep(this.run, step, 'there was nothing to map over');
      return { status: 'completed', id, outputs: new Map() };
    }
    const call: StepCall = { step, mapIndex, code, origin: this.origin, inputs };
    const kept = await this.run.earlier?.at(step, mapIndex, recordsOf(call));
    return kept === undefined ? runStep(this.run, call) : keepStep(this.run, call, kept);
  }

  /** Ends what runs when the run cannot go on: none of its steps may outlive it, or begin after it. */
  async stopRest(error: unknown): Promise<void> {
    this.run.stopSteps(`the run could not go on: ${reasonOf(error)}`);
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
  }

  /** Steps that a failure or a stop kept from starting end as skipped, so that every step of the plan has an end. */
  async settleNeverStarted(): Promise<void> {
    const stopped = this.signal.aborted ? reasonOf(this.signal.reason) : undefined;
    // Where several failed, each is the reason for what is below it. In a plan a step stands after those that it waits for.
    const failures = new Map(this.failures);
    for (const step of this.compiled.spec.steps) {
      const { id } = step;
      for (const above of dependenciesOf(step)) if (!failures.has(id) && failures.has(above)) failures.set(id, failures.get(above)!);
      const why = stopped ?? `step "${failures.get(id) ?? this.firstFailure?.step ?? ''}" failed`;
      if (!this.started.has(id) && !this.items.has(id) && !this.run.earlier?.hasEnded(id)) await skipStep(this.run, step, why);
      for (let index = 0; index < (this.items.get(id) ?? 0); index++)
        if (!this.started.has(`${id}[${index}]`) && !this.run.earlier?.hasEnded(id, index)) await skipStep(this.run, step, why, index);
    }
  }
}

function broken(error: Error): StepCall['inputs'][string] {
  return { record: { value: null }, content: null, stored: { value: null }, load: () => Promise.reject(error) };
}
