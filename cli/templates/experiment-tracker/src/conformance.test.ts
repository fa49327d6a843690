import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Outcome, TrackerEvent, TrackerRunRef, TrackerRunStart } from '@mortise/core';
import { recordedState, temporaryBackend, testExperimentTracker, type TrackerState } from '@mortise/flavor-testkit';

import flavor from './index.js';
import { CAPABILITIES } from './tracker.js';

interface Line {
  start?: TrackerRunStart;
  events?: TrackerEvent[];
  end?: { outcome: Outcome; endedAt: number; supersededBy?: string };
}

/** What became of a run. The backend is asked, never the tracker: for a service, its API. */
async function read({ url }: TrackerRunRef): Promise<TrackerState> {
  const lines = readFileSync(fileURLToPath(url!), 'utf8').trim().split('\n');
  const entries = lines.map((line) => JSON.parse(line) as Line);
  const events = new Map<string, TrackerEvent>();
  for (const event of entries.flatMap((entry) => entry.events ?? [])) {
    if (event.kind === 'metrics') for (const [name, value] of Object.entries(event.values)) event.values[name] = Number(value);
    if (!events.has(`${event.writer} ${event.seq}`)) events.set(`${event.writer} ${event.seq}`, event);
  }
  const end = entries.find((entry) => entry.end !== undefined)?.end;
  return recordedState({ start: entries[0]!.start!, events: [...events.values()], status: end?.outcome.status ?? 'running', ...end });
}

testExperimentTracker(
  { describe, it },
  {
    name: 'flavor-name',
    capabilities: CAPABILITIES,
    faults: ['down'],
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
