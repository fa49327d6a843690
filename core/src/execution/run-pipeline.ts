import type { Pipeline } from '../pipeline/pipeline.ts';
import type { CompiledPipeline } from '../pipeline/compile.ts';
import type { StepSpec, StepStatus } from '../pipeline/pipeline-spec.ts';
import type { OrchestratedRun } from '../stack/orchestrator.ts';
import { openRun, type OpenRun } from './open-run.ts';
import { reasonOf } from './outcome.ts';
import { PlanResults } from './plan-results.ts';
import type { RunOptions } from './run-options.ts';
import { runStep } from './run-step.ts';
import { skipStep } from './skip-step.ts';
import type { StepCall, StepEnd } from './step-call.ts';
import { endRun, type FinishedRun } from './end-run.ts';

/** Runs a function-style pipeline: compiles its plan for these params, hands it to the stack's orchestrator, and ends the run. */
export async function runPipelineFunction<R>(pipeline: Pipeline, params: object, options: RunOptions = {}): Promise<FinishedRun<R>> {
  const compiled = await pipeline.compile(params);
  const run = await openRun(compiled.spec, options);
  const functionRun = new FunctionRun(run, compiled);
  return endRun<R>(run, async () => {
    await run.stack.orchestrator.execute(compiled.spec, functionRun);
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
  private readonly steps: Map<string, StepSpec>;
  private readonly started = new Set<string>();
  /** Why the length of a mapped step could not be told: its run fails with it. */
  private readonly mapErrors = new Map<string, Error>();

  constructor(run: OpenRun, compiled: CompiledPipeline) {
    this.run = run;
    this.compiled = compiled;
    this.results = new PlanResults(run, compiled.spec);
    this.steps = new Map(compiled.spec.steps.map((step) => [step.id, step]));
    this.executionMode = run.options.executionMode ?? 'stop-on-failure';
    this.concurrency = run.options.concurrency;
    this.signal = run.signal;
  }

  abortRunning(reason: string): void {
    this.run.abort(reason);
  }

  async mapLength(stepId: string): Promise<number | undefined> {
    const step = this.steps.get(stepId)!;
    try {
      if (step.map === undefined || (await this.results.skipReason(step)) !== undefined) return undefined;
      const length = await this.results.mapLength(step);
      this.results.expectItems(stepId, length);
      return length;
    } catch (error) {
      this.mapErrors.set(stepId, error as Error);
      return undefined;
    }
  }

  async runStep(stepId: string, mapIndex?: number): Promise<StepStatus> {
    const step = this.steps.get(stepId)!;
    this.started.add(stepId);
    const end = await this.endOf(step, mapIndex);
    this.results.record(stepId, mapIndex, end);
    if (end.status === 'failed')
      this.firstFailure ??= { step: mapIndex === undefined ? stepId : `${stepId}[${mapIndex}]`, error: end.error };
    return end.status;
  }

  private async endOf(step: StepSpec, mapIndex: number | undefined): Promise<StepEnd> {
    const code = this.compiled.steps.get(step.id)!;
    const mapError = this.mapErrors.get(step.id);
    if (mapError !== undefined)
      return runStep(this.run, {
        step: { ...step, options: { ...step.options, cache: false } },
        mapIndex,
        code,
        inputs: { map: broken(mapError) },
      });
    const reason = mapIndex === undefined ? await this.results.skipReason(step) : undefined;
    if (reason !== undefined) return skipStep(this.run, step, reason);
    if (step.map !== undefined && mapIndex === undefined) return { status: 'completed', id: '', outputs: new Map() };
    const call: StepCall = { step, mapIndex, code, inputs: await this.results.inputs(step, mapIndex) };
    return runStep(this.run, call);
  }

  /** Steps that a failure or a stop kept from starting end as skipped, so that every step of the plan has an end. */
  async settleNeverStarted(): Promise<void> {
    const why = this.signal.aborted ? reasonOf(this.signal.reason) : `step "${this.firstFailure?.step ?? ''}" failed`;
    for (const step of this.compiled.spec.steps) if (!this.started.has(step.id)) await skipStep(this.run, step, why);
  }
}

function broken(error: Error): StepCall['inputs'][string] {
  return { record: { value: null }, content: null, load: () => Promise.reject(error) };
}
