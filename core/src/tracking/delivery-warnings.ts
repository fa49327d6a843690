import { hasEnded } from '../pipeline/pipeline-spec.ts';
import type { DeliveryStore, DueTrackerRuns, RejectedEvent } from '../store/delivery-store.ts';
import type { RunRecord } from '../store/run-data.ts';
import type { StepRunRecord } from '../store/step-data.ts';
import type { TrackerRunRecord } from '../store/tracking-data.ts';

/**
 * What is to be said of a run's trackers now: what an ended run has not delivered, and what they refused for good. Gone once it is delivered, taken after all,
 * or given up. The store is asked only if a tracker run gives reason to.
 */
export async function deliveryWarnings(
  store: Pick<DeliveryStore, 'dueTrackerRuns' | 'rejectedEvents'>,
  run: Pick<RunRecord, 'id' | 'status' | 'trackerRuns'>,
  stepRuns: readonly Pick<StepRunRecord, 'trackerRuns'>[],
): Promise<string[]> {
  const trackerRuns = [run, ...stepRuns].flatMap((each) => each.trackerRuns);
  const runId = run.id;
  const due = hasEnded(run.status) && trackerRuns.some(isDue) ? await store.dueTrackerRuns({ runId }) : [];
  const refused = trackerRuns.some(({ rejected }) => rejected > 0) ? await store.rejectedEvents({ runId }) : [];
  return [...due.map(undelivered), ...Array.from(Map.groupBy(refused, ({ component }) => component).values(), refusedEvents)];
}

function isDue({ desired, status }: TrackerRunRecord): boolean {
  return desired !== undefined && (status === 'queued' || status === 'running');
}

function undelivered({ component, trackerRuns, lastError }: DueTrackerRuns): string {
  const reason = lastError === undefined ? '' : ` (${lastError})`;
  return `experiment tracker "${component}": ${trackerRuns} tracker ${trackerRuns === 1 ? 'run' : 'runs'} not delivered yet${reason}`;
}

function refusedEvents(events: readonly RejectedEvent[]): string {
  const [{ component, why }] = events as [RejectedEvent];
  return `experiment tracker "${component}" refused ${events.length} logged ${events.length === 1 ? 'event' : 'events'} (${why}): see "mortise tracker status"`;
}
