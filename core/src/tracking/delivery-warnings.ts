import { hasEnded } from '../pipeline/pipeline-spec.ts';
import type { DeliveryStore, DueTrackerRuns, Refusals } from '../store/delivery-store.ts';
import type { RunRecord } from '../store/run-data.ts';
import type { StepRunRecord } from '../store/step-data.ts';
import type { TrackerRunRecord } from '../store/tracking-data.ts';

/**
 * What is to be said of a run's trackers now: what an ended run has not delivered, and what they refused for good. Gone once it is delivered, taken after all,
 * or given up. The store is asked only if a tracker run gives reason to.
 */
export async function deliveryWarnings(
  store: Pick<DeliveryStore, 'dueTrackerRuns' | 'refusals'>,
  run: Pick<RunRecord, 'id' | 'status' | 'trackerRuns'>,
  stepRuns: readonly Pick<StepRunRecord, 'trackerRuns'>[],
): Promise<string[]> {
  const trackerRuns = [run, ...stepRuns].flatMap((each) => each.trackerRuns);
  const runId = run.id;
  const due = hasEnded(run.status) && trackerRuns.some(isDue) ? await store.dueTrackerRuns({ runId }) : [];
  const refused = trackerRuns.some(({ rejected }) => rejected > 0) ? await store.refusals(runId) : [];
  return [...due.map(undelivered), ...refused.map(refusedEvents)];
}

function isDue({ desired, status }: TrackerRunRecord): boolean {
  return desired !== undefined && (status === 'queued' || status === 'running');
}

function undelivered({ component, trackerRuns, lastError }: DueTrackerRuns): string {
  const reason = lastError === undefined ? '' : ` (${lastError})`;
  return `experiment tracker "${component}": ${trackerRuns} tracker ${trackerRuns === 1 ? 'run' : 'runs'} not delivered yet${reason}`;
}

function refusedEvents({ component, events, why }: Refusals): string {
  return `experiment tracker "${component}" refused ${events} logged ${events === 1 ? 'event' : 'events'} (${why}): see "mortise tracker status"`;
}
