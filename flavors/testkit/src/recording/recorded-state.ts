import { loggedState } from '../experiment-tracker/logged-state.ts';
import type { TrackerState } from '../experiment-tracker/tracker-state.ts';
import type { RecordedRun } from './recording.ts';

/** What was recorded of a run, as a person would see it at a tracker: for `read` of a backend that keeps events as they came. */
export function recordedState(run: Omit<RecordedRun, 'identity' | 'ref' | 'batches'>): TrackerState {
  const { outcome, supersededBy, endedAt, start } = run;
  return {
    ...loggedState(start.tags, run.events),
    status: run.status,
    name: start.name,
    group: start.group,
    ...(start.parent?.id !== undefined && { parent: start.parent.id }),
    ...(endedAt !== undefined && { endedAt }),
    ...(outcome?.status === 'failed' && { error: `${outcome.error.name}: ${outcome.error.message}` }),
    ...(outcome?.status === 'killed' && { error: outcome.reason }),
    links: [supersededBy ?? null, outcome?.status === 'cached' ? outcome.source.runId : null],
  };
}
