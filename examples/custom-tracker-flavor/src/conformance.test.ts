import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { LoggedEvent, Outcome, TrackerRunRef, TrackerRunStart } from '@mortise/core';
import { recordedState, takeFolderAway, temporaryBackend, testExperimentTracker, type TrackerState } from '@mortise/flavor-testkit';

import { CSV_CAPABILITIES } from './csv-tracker.js';
import csv from './index.js';

type Row = [time: string, kind: string, name: string, step: string, context: string, value: string];

/** The cells of a CSV text, a quoted one without its quotes. */
function parsed(text: string): Row[] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\n]*))(,|\n)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === '\n') rows.push([]);
  }
  return rows.slice(1, -1) as Row[];
}

/** What was logged, as a row tells it. */
function logged([, kind, name, step, context, value]: Row): LoggedEvent {
  if (kind === 'metrics') return { kind, values: { [name]: Number(value) }, step: Number(step), ...(context !== '' && { context }) };
  if (kind === 'params') return { kind, values: { [name]: JSON.parse(value) as string } };
  if (kind === 'tags') return value === 'null' ? { kind, set: {}, remove: [name] } : { kind, set: { [name]: JSON.parse(value) as string } };
  return JSON.parse(value) as LoggedEvent;
}

/** What the file says of a run: the tracker itself is not asked. */
async function read({ url }: TrackerRunRef): Promise<TrackerState> {
  const [first, ...rows] = parsed(readFileSync(fileURLToPath(url!), 'utf8'));
  const { parent, ...start } = JSON.parse(first![5]) as Omit<TrackerRunStart, 'parent'> & { parent?: string };
  const events = rows.filter(([, kind]) => kind !== 'end').map((row, i) => ({ writer: 'w', seq: i, at: 0, ...logged(row) }));
  const end = rows.findLast(([, kind]) => kind === 'end');
  const run = { start: { ...start, settings: {}, ...(parent !== undefined && { parent: { id: parent, ids: {} } }) }, events };
  if (end === undefined) return recordedState({ ...run, status: 'running' });
  const { supersededBy, ...outcome } = JSON.parse(end[5]) as Outcome & { supersededBy?: string };
  const ended = { status: outcome.status, outcome, endedAt: Date.parse(end[0]), ...(supersededBy !== undefined && { supersededBy }) };
  return recordedState({ ...run, ...ended });
}

testExperimentTracker(
  { describe, it },
  {
    name: 'csv',
    capabilities: CSV_CAPABILITIES,
    faults: ['down'],
    backend: async () => {
      const backend = await temporaryBackend(csv, () => ({ folder: 'runs' }))();
      return { ...backend, read, fail: () => takeFolderAway(join(backend.folder, 'runs')) };
    },
  },
);
