import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { TrackerEvent, TrackerRunRef } from '@mortise/core';
import { temporaryBackend, testExperimentTracker, type TrackerState } from '@mortise/flavor-testkit';

import flavor from './index.js';
import { CAPABILITIES, type Line } from './tracker.js';

/**
 * What became of a run, as a person would see it: made of what the backend holds, never of what the tracker was told. For a service, ask its API here,
 * and take each value from the field in which it keeps it.
 */
async function read({ url }: TrackerRunRef): Promise<TrackerState> {
  const lines = readFileSync(fileURLToPath(url!), 'utf8').trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as Line);
  const { name, parent, tags } = entries[0]!.run!;
  const end = entries.find((entry) => entry.end !== undefined)?.end;
  const events = onceEach(entries.flatMap((entry) => entry.events ?? []));
  return {
    status: 'running',
    name,
    ...(parent !== undefined && { parent }),
    ...end,
    ...(end?.message !== undefined && { error: end.message }),
    links: [end?.madeBy ?? null, end?.replacedBy ?? null],
    ...logged(tags, events),
  };
}

/** A batch may stand there twice: each event of a writer counts once. */
function onceEach(events: readonly TrackerEvent[]): TrackerEvent[] {
  return [...new Map(events.map((event) => [`${event.writer} ${event.seq}`, event])).values()];
}

type Logged = Omit<TrackerState, 'status'>;

function logged(startTags: Record<string, string>, events: readonly TrackerEvent[]): Logged {
  const state: Logged = { tags: { ...startTags }, params: {}, metrics: [], artifacts: {}, documents: [], datasets: [], logs: [] };
  for (const event of events) add(state, event);
  return state;
}

function add(state: Logged, event: TrackerEvent): void {
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
    case 'json':
      state.documents.push(event.name);
      return;
    case 'dataset':
      state.datasets.push(event.name);
      return;
    case 'log':
      state.logs!.push(event.text);
  }
}

testExperimentTracker(
  { describe, it },
  {
    name: 'flavor-name',
    capabilities: CAPABILITIES,
    faults: ['down'],
    // For each test a place, and an instance of the tracker for each process. `remove` must close what was opened: else the tests do not end.
    backend: async () => {
      const backend = await temporaryBackend(flavor, () => ({ folder: 'runs' }))();
      const folder = join(backend.folder, 'runs');
      return {
        ...backend,
        read,
        // A file where the folder was: nothing can be written there.
        fail: async () => {
          renameSync(folder, `${folder}-away`);
          writeFileSync(folder, '');
          return async () => {
            rmSync(folder);
            renameSync(`${folder}-away`, folder);
          };
        },
      };
    },
  },
);
