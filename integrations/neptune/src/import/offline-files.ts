import { basename, dirname, join } from 'node:path';

import { CREATE, FILE_VERSION } from '../offline/operations-schema.ts';
import { loadSqlite } from '../offline/sqlite.ts';
import { readCreateRun, readSnapshot } from '../wire/read-operations.ts';
import type { CreateRun, FileRef, Snapshot } from '../wire/snapshot.ts';
import { GONE, isFile, whereLogged, type FoundFile } from './found-file.ts';
import type { FoundSources, RunSource, Unreadable } from './run-source.ts';

interface OfflineFile {
  path: string;
  project: string;
  runId: string;
  created: CreateRun | undefined;
  /** Of its first operation, ms. */
  firstAt: number;
  /** Numbers of its first operation and of its last. */
  first: number;
  last: number;
}

/** Runs in the files of neptune-scale, or of ours. A run that was resumed has several. `warn` is told of copies, which would count twice. */
export function offlineRuns(paths: readonly string[], warn: (message: string) => void): FoundSources {
  const unreadable: Unreadable[] = [];
  const files = paths.flatMap((path) => {
    try {
      const file = describe(path);
      if (typeof file !== 'string') return [file];
      unreadable.push({ path, reason: file });
    } catch (error) {
      unreadable.push({ path, reason: (error as Error).message });
    }
    return [];
  });
  const runs = Map.groupBy(files, ({ project, runId }) => `${project}\n${runId}`);
  return { sources: Array.from(runs.values(), (ofRun) => sourceOf(withoutCopies(ofRun, warn), ofRun)), unreadable };
}

/** In the order of their time. */
function withoutCopies(files: readonly OfflineFile[], warn: (message: string) => void): OfflineFile[] {
  const parts: OfflineFile[] = [];
  for (const file of files.toSorted((one, other) => other.last - other.first - (one.last - one.first))) {
    const whole = parts.find((part) => isCopy(file, part));
    if (whole === undefined) parts.push(file);
    else warn(`${file.path} is a copy of ${whole.path}, and is left out`);
  }
  return parts.sort((one, other) => one.firstAt - other.firstAt);
}

/** Whether all operations of a file are in another, which may have gone on since it was copied. */
function isCopy({ path, first, last }: OfflineFile, whole: OfflineFile): boolean {
  if (first < whole.first || last > whole.last) return false;
  try {
    return [first, last].every((number) => operationAt(path, number) === operationAt(whole.path, number));
  } catch {
    // Whoever reads it will say why it cannot be read.
    return false;
  }
}

function operationAt(path: string, number: number): string {
  using database = opened(path);
  const row = database.prepare('SELECT timestamp, operation FROM run_operations WHERE sequence_id = ?').get(number);
  return `${String(row?.['timestamp'])} ${Buffer.from((row?.['operation'] ?? []) as Uint8Array).toString('base64')}`;
}

/** Gives why it is none that can be read. */
function describe(path: string): OfflineFile | string {
  using database = opened(path);
  const metadata = database.prepare('SELECT version, project, run_id AS runId FROM metadata').get();
  if (metadata === undefined) return 'it does not say of which run it is';
  const { version, project, runId } = metadata as { version: string; project: string; runId: string };
  if (version !== FILE_VERSION) return `it is of version ${version}, only ${FILE_VERSION} is known here`;
  const create = database.prepare('SELECT operation FROM run_operations WHERE operation_type = ? ORDER BY sequence_id').get(CREATE);
  const numbers = 'SELECT MIN(timestamp) AS at, MIN(sequence_id) AS first, MAX(sequence_id) AS last FROM run_operations';
  const { at, first, last } = database.prepare(numbers).get() as Record<string, number | null>;
  const created = create === undefined ? undefined : readCreateRun(create['operation'] as Uint8Array);
  return { path, project, runId, created, firstAt: at ?? 0, first: first ?? 0, last: last ?? -1 };
}

function opened(path: string) {
  const { DatabaseSync } = loadSqlite();
  return new DatabaseSync(path, { readOnly: true });
}

/** `files`: also copies, beside which there may be uploads. */
function sourceOf(parts: readonly OfflineFile[], files: readonly OfflineFile[]): RunSource {
  const { project, runId } = parts[0]!;
  const { experiment, createdAt, fork } = parts.find(({ created }) => created !== undefined)?.created ?? {};
  return {
    ...{ project, runId },
    ...(experiment !== undefined && { experiment }),
    ...(createdAt !== undefined && { createdAt: Math.floor(createdAt) }),
    ...(fork !== undefined && { fork }),
    async *snapshots(signal) {
      for (const { path } of parts) yield* snapshotsIn(path, signal);
    },
    async fileAt(file, at) {
      let missing = GONE;
      for (const { path } of files) {
        const found = await uploadIn(path, file, at);
        if ('path' in found) return found;
        if (found !== GONE) missing = found;
      }
      return missing;
    },
  };
}

async function* snapshotsIn(path: string, signal: AbortSignal): AsyncGenerator<Snapshot, void, undefined> {
  using database = opened(path);
  const rows = database.prepare('SELECT operation FROM run_operations WHERE operation_type <> ? ORDER BY sequence_id').iterate(CREATE);
  for (const { operation } of rows) {
    signal.throwIfAborted();
    yield readSnapshot(operation as Uint8Array);
  }
}

/** A copy lies beside the file, also after both were moved. */
async function uploadIn(path: string, { path: destination }: FileRef, at: number): Promise<FoundFile> {
  const row = uploadRequest(path, destination);
  if (row === undefined) return GONE;
  const source = String(row['source']);
  const beside = join(dirname(path), basename(source));
  return (await isFile(beside)) ? { path: beside } : whereLogged(source, { size: Number(row['size']), at });
}

function uploadRequest(path: string, destination: string) {
  using database = opened(path);
  const sql = 'SELECT source_path AS source, size_bytes AS size FROM file_upload_requests WHERE destination = ?';
  return database.prepare(sql).get(destination);
}
