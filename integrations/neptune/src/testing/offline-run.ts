import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { readCreateRun, readSnapshot } from '../wire/read-operations.ts';
import { RunAtNeptune } from './run-at-neptune.ts';

interface OfflineRun {
  run: RunAtNeptune;
  /** By storage path. */
  files: Map<string, Buffer>;
  operations: number;
}

/** What the operations of files would make of a run, one after the other. */
export function offlineRun(path: string, ...more: string[]): OfflineRun {
  const first = read(path);
  return more.map((next) => read(next, first.run)).reduce(joined, first);
}

function joined(one: OfflineRun, other: OfflineRun): OfflineRun {
  return { run: one.run, files: new Map([...one.files, ...other.files]), operations: one.operations + other.operations };
}

function read(path: string, known?: RunAtNeptune): OfflineRun {
  using database = new DatabaseSync(path, { readOnly: true });
  const { project, run_id: id } = database.prepare('SELECT project, run_id FROM metadata').get() as { project: string; run_id: string };
  const run = known ?? new RunAtNeptune(project, id);
  const rows = database.prepare('SELECT operation_type AS type, operation FROM run_operations ORDER BY sequence_id').all();
  for (const { type, operation } of rows) {
    if (type === 1) run.created ??= readCreateRun(operation as Uint8Array);
    else run.apply(readSnapshot(operation as Uint8Array));
  }
  const uploads = database.prepare('SELECT source_path, destination FROM file_upload_requests').all();
  const files = new Map(uploads.map(({ source_path, destination }) => [String(destination), readFileSync(String(source_path))]));
  return { run, files, operations: rows.length };
}
