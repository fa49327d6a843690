import type { TrackerState } from '../experiment-tracker/tracker-state.ts';
import type { RecordedRun } from './recording.ts';

/** What was recorded of a run, as a person would see it at a tracker: for `read` of a backend that keeps events as they came. */
export function recordedState(run: Omit<RecordedRun, 'identity' | 'ref' | 'batches'>): TrackerState {
  const { outcome, supersededBy, endedAt, start } = run;
  const state: TrackerState = {
    status: run.status,
    name: start.name,
    group: start.group,
    tags: { ...start.tags },
    params: {},
    metrics: [],
    artifacts: {},
    documents: [],
    datasets: [],
    logs: [],
    ...(start.parent?.id !== undefined && { parent: start.parent.id }),
    ...(endedAt !== undefined && { endedAt }),
    ...(outcome?.status === 'failed' && { error: `${outcome.error.name}: ${outcome.error.message}` }),
    ...(outcome?.status === 'killed' && { error: outcome.reason }),
    links: [supersededBy ?? null, outcome?.status === 'cached' ? outcome.source.runId : null],
  };
  for (const event of run.events) addTo(state, event);
  return state;
}

function addTo(state: TrackerState, event: RecordedRun['events'][number]): void {
  switch (event.kind) {
    case 'params':
      Object.assign(state.params, event.values);
      return;
    case 'tags':
      Object.assign(state.tags, event.set);
      for (const name of event.remove ?? []) delete state.tags[name];
      return;
    case 'metrics':
      for (const [name, value] of Object.entries(event.values))
        state.metrics.push({ name, value, step: event.step, ...(event.context !== undefined && { context: event.context }) });
      return;
    case 'artifact':
      state.artifacts[event.path] = { uri: event.uri, sha256: event.sha256, size: event.size };
      return;
    case 'note':
      state.note = event.markdown;
      return;
    case 'dataset':
      state.datasets.push(event.name);
      return;
    case 'log':
      state.logs!.push(event.text);
      return;
    case 'json':
      state.documents.push(event.name);
      return;
    case 'define-metric':
      return;
  }
}
