import type { ImportedEvent, ImportedRun, RunImporter, RunImportOptions } from '@mortise/core';

import { EventWriter } from './event-writer.ts';
import { findFiles, noRun } from './find-files.ts';
import { offlineRuns } from './offline-files.ts';
import { oldRuns } from './old-logs.ts';
import { readRunHead } from './run-head.ts';
import type { RunSource } from './run-source.ts';

/**
 * Runs of Neptune on this disk: `from` is a folder in which Neptune's clients of 3.x or 1.x, or Mortise, kept runs offline, one of their files, or a folder
 * with the parquet files of neptune-exporter. Opens no socket. Throws `ImportFailed`.
 */
export default async function importer(from: string, { warn }: RunImportOptions): Promise<RunImporter> {
  return { vendor: 'neptune', runs: (signal) => runsOf(from, warn, signal) };
}

type Warn = RunImportOptions['warn'];

async function* runsOf(from: string, warn: Warn, signal: AbortSignal): AsyncGenerator<ImportedRun, void, undefined> {
  const { offline, exported, old } = await findFiles(from);
  const found = [offlineRuns(offline, warn), await oldRuns(old, warn)];
  // Only who reads parquet pays for loading its reader.
  if (exported.length > 0) {
    const { exportedRuns, partsBeside } = await import('./exported-files.ts');
    found.push(await exportedRuns(exported[0] === from ? await partsBeside(from) : exported, signal));
  }
  if (found.every(({ sources, unreadable }) => sources.length + unreadable.length === 0)) throw noRun(from);
  for (const { path, reason } of found.flatMap(({ unreadable }) => unreadable)) yield unreadableRun(path, reason);
  for (const source of found.flatMap(({ sources }) => sources)) {
    let run: ImportedRun;
    try {
      run = await importedRun(source, warn, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      run = unreadableRun(`${source.project}/${source.runId}`, (error as Error).message);
    }
    yield run;
  }
}

function unreadableRun(name: string, reason: string): ImportedRun {
  return { id: name, name, experiment: '', startedAt: 0, unreadable: reason, async *events() {} };
}

async function importedRun(source: RunSource, warn: Warn, signal: AbortSignal): Promise<ImportedRun> {
  const head = await readRunHead(source, signal);
  const { isOwn: _, otherGroups, ...run } = head;
  const id = `${source.project}/${source.runId}`;
  const tell = (message: string): void => warn(message, { id, name: run.name });
  return {
    id,
    ...run,
    async *events(stop): AsyncGenerator<ImportedEvent, void, undefined> {
      if (source.fork !== undefined) tell(forkOf(source.fork));
      if (otherGroups.length > 0) tell(lostGroups(run.group!, otherGroups));
      const writer = new EventWriter(source, head, tell);
      for await (const snapshot of source.snapshots(stop, tell)) yield* writer.events(snapshot);
      yield* writer.rest();
    },
  };
}

function lostGroups(group: string, others: readonly string[]): string {
  const names = others.map((other) => JSON.stringify(other)).join(', ');
  return `of its group tags ${JSON.stringify(group)} is its group, as a run has one here; not taken over: ${names}`;
}

function forkOf({ project, runId, step }: NonNullable<RunSource['fork']>): string {
  const of = project === '' ? runId : `${project}/${runId}`;
  return `it is a fork of ${JSON.stringify(of)} from step ${step} on, and is taken over without the points before, which are those of that run`;
}
