import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { LoggedEvent, TrackerEvent, TrackerRunIdentity, TrackerRunStart } from '../tracking/experiment-tracker.ts';

export const never = new AbortController().signal;

export function newIdentity(over: Partial<TrackerRunIdentity> = {}): TrackerRunIdentity {
  return { key: randomBytes(16).toString('hex'), runId: 'pr-1', stepId: 'train', attempt: 1, ...over };
}

/** How a tracker run begins. Artifacts of the tests are files. */
export function newStart(over: Partial<TrackerRunStart> = {}): TrackerRunStart {
  return {
    name: 'train',
    experiment: 'wine',
    group: 'wine-1',
    tags: { team: 'red' },
    startedAt: Date.now() - 60_000,
    settings: {},
    readArtifact: ({ uri }) => createReadStream(fileURLToPath(uri)) as AsyncIterable<Uint8Array>,
    ...over,
  };
}

/** Events of one writer, from `seq` on. */
export function eventsOf(logged: readonly LoggedEvent[], from = 1): TrackerEvent[] {
  const at = Date.now();
  return logged.map((event, index) => ({ writer: 'w', seq: from + index, at: at + index, ...event }));
}

/** Points whose values are exact in every format. */
export function curve(name: string, count: number, from = 0): LoggedEvent[] {
  return Array.from({ length: count }, (_, index) => ({ kind: 'metrics', values: { [name]: (from + index) / 8 }, step: from + index }));
}
