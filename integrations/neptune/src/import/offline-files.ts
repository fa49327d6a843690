import { basename, dirname, join } from 'node:path';

import { CREATE, FILE_VERSION } from '../offline/operations-schema.ts';
import { loadSqlite } from '../offline/sqlite.ts';
import { readCreateRun, readSnapshot } from '../wire/read-operations.ts';
import type { CreateRun, FileRef, Snapshot } from '../wire/snapshot.ts';
import { isThere } from './is-there.ts';
import type { FoundSources, RunSource, Unreadable } from './run-source.ts';

interface OfflineFile {
  path: string;
  project: string;
  runId: string;
  created: CreateRun | undefined;
  /** Of its first operation, ms. */
  firstAt: number;
}

/** Runs in the files of neptune-scale, or of ours. A run that was resumed has several. */
export function offlineRuns(paths: readonly string[]): FoundSources {
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
  return { sources: Array.from(runs.values(), (parts) => sourceOf(parts.sort((one, other) => one.firstAt - other.firstAt))), unreadable };
}

/** Gives why it is none that can be read. */
function describe(path: string): OfflineFile | string {
  using database = opened(path);
  const metadata = database.prepare('SELECT version, project, run_id AS runId FROM metadata').get();
  if (metadata === undefined) return 'it does not say of which run it is';
  const { version, project, runId } = metadata as { version: string; project: string; runId: string };
  if (version !== FILE_VERSION) return `it is of version ${version}, only ${FILE_VERSION} is known here`;
  const create = database.prepare('SELECT operation FROM run_operations WHERE operation_type = ? ORDER BY sequence_id').get(CREATE);
  const first = database.prepare('SELECT MIN(timestamp) AS at FROM run_operations').get() as { at: number | null };
  const created = create === undefined ? undefined : readCreateRun(create['operation'] as Uint8Array);
  return { path, project, runId, created, firstAt: first.at ?? 0 };
}

function opened(path: string) {
  const { DatabaseSync } = loadSqlite();
  return new DatabaseSync(path, { readOnly: true });
}

function sourceOf(parts: readonly OfflineFile[]): RunSource {
  const { project, runId } = parts[0]!;
  const { experiment, createdAt } = parts.find(({ created }) => created !== undefined)?.created ?? {};
  return {
    ...{ project, runId },
    ...(experiment !== undefined && { experiment }),
    ...(createdAt !== undefined && { createdAt: Math.floor(createdAt) }),
    async *snapshots(signal) {
      for (const { path } of parts) yield* snapshotsIn(path, signal);
    },
    async fileAt(file) {
      for (const { path } of parts) {
        const found = await uploadIn(path, file);
        if (found !== undefined) return found;
      }
      return undefined;
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
async function uploadIn(path: string, { path: destination }: FileRef): Promise<string | undefined> {
  let source: string;
  {
    using database = opened(path);
    const row = database.prepare('SELECT source_path AS source FROM file_upload_requests WHERE destination = ?').get(destination);
    if (row === undefined) return undefined;
    source = String(row['source']);
  }
  for (const place of [join(dirname(path), basename(source)), source]) if (await isThere(place)) return place;
  return undefined;
}
