import { newId } from '../id.ts';
import type { StepSpec } from '../pipeline/pipeline-spec.ts';
import type { OpenRun } from './open-run.ts';
import { emit, identityOf, type StepEnd } from './step-call.ts';

/** Ends a step that will not run as skipped, so that every step of the plan has an end. */
export async function skipStep(run: OpenRun, step: StepSpec, reason: string, mapIndex?: number): Promise<StepEnd> {
  const id = newId();
  const call = { step, mapIndex };
  await run.settled.add({
    ...identityOf(run, call),
    id,
    stepName: step.name,
    status: 'skipped',
    at: Date.now(),
    workerId: run.worker.id,
    inputs: {},
    reason,
    trackers: [],
  });
  emit(run, call, { status: 'skipped', attempt: 0, durationMs: 0, message: reason });
  return { status: 'skipped', id, outputs: new Map() };
}
