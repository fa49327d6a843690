import type { ImportedEvent, ImportedRun } from '@mortise/core';
import { loggedState } from '@mortise/flavor-testkit';
import { text } from 'node:stream/consumers';

import importer from '../import/index.ts';

export interface TakenRun {
  run: ImportedRun;
  events: ImportedEvent[];
  /** What remains of the events. */
  state: ReturnType<typeof loggedState>;
  /** Texts of files by path. */
  files: Record<string, string>;
}

/** Imports all that is at `from` into memory. */
export async function take(from: string): Promise<{ runs: TakenRun[]; warnings: string[] }> {
  const warnings = new Set<string>();
  const { signal } = new AbortController();
  const { runs } = await importer(from, { env: {}, warn: (message) => warnings.add(message) });
  const taken: TakenRun[] = [];
  for await (const run of runs(signal)) {
    const events: ImportedEvent[] = [];
    const files: Record<string, string> = {};
    for await (const event of run.events(signal)) {
      events.push(event);
      if (event.kind === 'artifact') files[event.path] = await text(event.read(signal));
    }
    const isLogged = (event: ImportedEvent): event is Exclude<ImportedEvent, { kind: 'artifact' }> => event.kind !== 'artifact';
    taken.push({ run, events, state: loggedState({}, events.filter(isLogged)), files });
  }
  return { runs: taken, warnings: [...warnings] };
}
