import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { TrackerEvent, TrackerRunRef } from '@mortise/core';
import { loggedState, takeFolderAway, temporaryBackend, testExperimentTracker, type TrackerState } from '@mortise/flavor-testkit';

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
    ...loggedState(tags, events),
  };
}

/** A batch may stand there twice: each event of a writer counts once. */
function onceEach(events: readonly TrackerEvent[]): TrackerEvent[] {
  return [...new Map(events.map((event) => [`${event.writer} ${event.seq}`, event])).values()];
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
      return { ...backend, read, fail: () => takeFolderAway(join(backend.folder, 'runs')) };
    },
  },
);
