import type { LoggedEvent } from '@mortise/core';

import type { PrintedLine, TrackerState } from './tracker-state.ts';

/** What remains of a run's events, as a person would see it: for `read` of a backend that keeps them as they came. `tags`: those that it began with. */
export function loggedState(tags: Record<string, string>, events: readonly LoggedEvent[]): Omit<TrackerState, 'status'> {
  const state: Logged = { tags: { ...tags }, params: {}, metrics: [], artifacts: {}, documents: [], datasets: [], logs: [] };
  for (const event of events) addTo(state, event);
  return state;
}

type Logged = Omit<TrackerState, 'status'> & { logs: PrintedLine[] };

function addTo(state: Logged, event: LoggedEvent): void {
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
        state.metrics.push({
          name,
          value: Number(value),
          step: event.step,
          ...(event.context !== undefined && { context: event.context }),
        });
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
      state.logs.push({ stream: event.stream, text: event.text });
      return;
    case 'json':
      state.documents.push(event.name);
      return;
    case 'define-metric':
      return;
  }
}
