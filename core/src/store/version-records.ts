import type { Json } from '../json.ts';
import { metadataByEntity } from './annotations.ts';
import type { MetadataValue, Page, StoredFile, VersionQuery, VersionRecord } from './metadata-store.ts';
import { decodeCursor, encodeCursor, limitOf, pageOf } from './page.ts';
import { queries } from './sqlite-dialect.ts';
import { ownStepRuns } from './step-run-ids.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

export type VersionRow = Tables['artifact_versions'] & { artifact: string; parent_id: string | null };

/** Those that are there to be used. */
export function availableVersions() {
  return queries
    .selectFrom('artifact_versions as v')
    .innerJoin('artifacts as a', 'a.id', 'v.artifact_id')
    .innerJoin('runs as producer', 'producer.id', 'v.producer_run_id')
    .selectAll('v')
    .select(['a.name as artifact', 'producer.parent_id'])
    .where('v.state', '=', 'available');
}

/** `row` is of an available version, whose columns are all filled. */
export function versionRecord(row: VersionRow, metadata: Record<string, MetadataValue> = {}): VersionRecord {
  return {
    id: row.id,
    artifact: row.artifact,
    version: row.number!,
    output: row.output!,
    storeId: row.store_id,
    key: row.key!,
    ...(row.manifest !== null && { manifest: JSON.parse(row.manifest) as StoredFile[] }),
    size: row.size!,
    sha256: row.sha256!,
    materializer: row.materializer!,
    materializerVersion: row.materializer_version!,
    meta: JSON.parse(row.meta!) as Json,
    metadata,
    createdAt: row.created_at,
    ...producer(row),
  };
}

/** A version made by a step belongs to the run of that step; a loose one to the run alone. */
export function producer(row: { producer_run_id: string; parent_id: string | null }): {
  producerRunId: string;
  producerStepRunId?: string;
} {
  return row.parent_id === null
    ? { producerRunId: row.producer_run_id }
    : { producerRunId: row.parent_id, producerStepRunId: row.producer_run_id };
}

export function withMetadata(tx: Transaction, rows: readonly VersionRow[]): VersionRecord[] {
  if (rows.length === 0) return [];
  const metadata = metadataByEntity(
    tx,
    'version',
    rows.map((row) => row.id),
  );
  return rows.map((row) => versionRecord(row, metadata.get(row.id)));
}

export function version(
  store: StoreDb,
  by: { id: string } | { artifact: string; version: number | 'latest' },
): Promise<VersionRecord | undefined> {
  return store.connection.read((tx) => {
    const list = oneVersion(tx, store, by);
    return list && withMetadata(tx, tx.rows(list))[0];
  });
}

export function oneVersion(tx: Transaction, store: StoreDb, by: { id: string } | { artifact: string; version: number | 'latest' }) {
  if ('id' in by) return availableVersions().where('v.id', '=', by.id);
  const artifactId = store.artifacts.find(tx, by.artifact);
  if (artifactId === undefined) return undefined;
  const numbered = availableVersions().where('v.artifact_id', '=', artifactId).where('v.number', 'is not', null);
  return by.version === 'latest' ? numbered.orderBy('v.number', 'desc').limit(1) : numbered.where('v.number', '=', by.version);
}

/** Newest first; of one artifact, the highest number first. */
export function versions(store: StoreDb, query: VersionQuery): Promise<Page<VersionRecord>> {
  return store.connection.read((tx) => {
    const list = versionList(tx, store, query);
    if (list === undefined) return { items: [] };
    const { sort, key } = sortOf(query);
    const { items, ...rest } = pageOf(
      tx.rows(list),
      limitOf(query),
      (row) => row,
      (row) => encodeCursor(sort, [row[key]!]),
    );
    return { items: withMetadata(tx, items), ...rest };
  });
}

const sortOf = (query: VersionQuery) =>
  query.artifact === undefined ? ({ sort: 'version', key: 'id' } as const) : ({ sort: 'number', key: 'number' } as const);

/** undefined when nothing can match. */
export function versionList(tx: Transaction, store: StoreDb, query: VersionQuery) {
  const { artifact, runId, after } = query;
  const { sort, key } = sortOf(query);
  let list = availableVersions()
    .orderBy(`v.${key}`, 'desc')
    .limit(limitOf(query) + 1);
  if (artifact !== undefined) {
    const id = store.artifacts.find(tx, artifact);
    if (id === undefined) return undefined;
    list = list.where('v.artifact_id', '=', id).where('v.number', 'is not', null);
  }
  if (runId !== undefined) list = list.where('v.id', 'in', outputsOf(runId));
  if (after !== undefined) list = list.where(`v.${key}`, '<', decodeCursor(sort, after)[0] as never);
  return list;
}

/** Made by the steps of a run, or by the run itself outside of a step. */
function outputsOf(runId: string) {
  return queries
    .selectFrom('artifact_refs')
    .select('version_id')
    .where('role', '=', 'output')
    .where((eb) => eb('run_id', 'in', ownStepRuns(runId).unionAll(queries.selectFrom('runs').select('id').where('id', '=', runId))));
}
