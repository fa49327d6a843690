import type { ImportedEvent, ImportedRun } from '@mortise/core';
import type { HistoryRow, OfflineRunOptions } from '@mortise/wandb-client';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import importer from '../import/index.ts';

export const STARTED = Date.UTC(2026, 10, 21, 9, 5, 7);

export const newDir = (): Promise<string> => mkdtemp(join(tmpdir(), 'mortise-wandb-import-'));
export const optionsIn = (dir: string, more: Partial<OfflineRunOptions> = {}): OfflineRunOptions => ({
  ...{ dir, id: 'r1', project: 'wine', config: {}, startedAt: STARTED },
  ...more,
});
export const rowOf = (step: number, values: Record<string, unknown>): HistoryRow => ({
  ...{ _step: step, _timestamp: STARTED / 1_000 + step, _runtime: step },
  ...values,
});
export const textFile = (text: string) => ({
  async *read() {
    yield await Promise.resolve(Buffer.from(text));
  },
});

export async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

export interface Taken {
  runs: { run: ImportedRun; events: ImportedEvent[] }[];
  warnings: string[];
}

/** All that is imported from a path, and what is told besides. */
export async function take(from: string): Promise<Taken> {
  const warnings = new Set<string>();
  const { runs } = await importer(from, {
    env: {},
    warn: (message, of) => warnings.add(of === undefined ? message : `${of.name}: ${message}`),
  });
  const taken: Taken['runs'] = [];
  const { signal } = new AbortController();
  for await (const run of runs(signal)) taken.push({ run, events: await all(run.events(signal)) });
  return { runs: taken, warnings: [...warnings] };
}

export async function takeOne(from: string): Promise<Taken['runs'][number] & { warnings: string[] }> {
  const { runs, warnings } = await take(from);
  if (runs.length !== 1) throw new Error(`${runs.length} runs were found`);
  return { ...runs[0]!, warnings };
}

export const ofKind = <K extends ImportedEvent['kind']>(events: readonly ImportedEvent[], kind: K): Extract<ImportedEvent, { kind: K }>[] =>
  events.filter((event): event is Extract<ImportedEvent, { kind: K }> => event.kind === kind);
