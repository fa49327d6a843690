import type { Json } from '../json.ts';
import { metadataOf } from './annotations.ts';
import type { MetadataValue } from './run-data.ts';
import type { StoredFile, VersionRecord } from './version-data.ts';
import type { Queries } from './sqlite-dialect.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

export type VersionRow = Tables['artifact_versions'] & { artifact: string; parent_id: string | null };

/** Those that are there to be used. */
export function availableVersions(db: Queries) {
  return db
    .selectFrom('artifact_versions as v')
    .innerJoin('artifacts as a', 'a.id', 'v.artifact_id')
    .innerJoin('runs as producer', 'producer.id', 'v.producer_run_id')
    .selectAll('v')
    .select(['a.name as artifact', 'producer.parent_id'])
    .where('v.state', '=', 'available');
}

/** The same for a list by name: SQLite keeps the order of a cross join, so that artifacts are walked by name and versions by number, until a page is full. */
export function versionsByName(db: Queries) {
  return (
    db
      .selectFrom('artifacts as a')
      .crossJoin('artifact_versions as v')
      .innerJoin('runs as producer', 'producer.id', 'v.producer_run_id')
      .selectAll('v')
      .select(['a.name as artifact', 'producer.parent_id'])
      .whereRef('v.artifact_id', '=', 'a.id')
      // As the index says it of its rows.
      .where('v.number', 'is not', null)
      .where('v.state', '=', 'available')
  );
}

const versionById = statement((db, p: Param<{ id: string }>) => availableVersions(db).where('v.id', '=', p('id')));
const versionByNumber = statement((db, p: Param<{ artifactId: string; number: number }>) =>
  availableVersions(db).where('v.artifact_id', '=', p('artifactId')).where('v.number', '=', p('number')),
);
const latestVersion = statement((db, p: Param<{ artifactId: string }>) =>
  availableVersions(db).where('v.artifact_id', '=', p('artifactId')).where('v.number', 'is not', null).orderBy('v.number', 'desc'),
);

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
  return rows.map((row) => versionRecord(row, metadataOf(tx, 'version', row.id)));
}

export function version(
  store: StoreDb,
  by: { id: string } | { artifact: string; version: number | 'latest' },
): Promise<VersionRecord | undefined> {
  return store.connection.read((tx) => {
    const row = 'id' in by ? tx.get(versionById, by) : versionOf(tx, store.artifacts.find(tx, by.artifact), by.version);
    return row && withMetadata(tx, [row])[0];
  });
}

function versionOf(tx: Transaction, artifactId: string | undefined, number: number | 'latest'): VersionRow | undefined {
  if (artifactId === undefined) return undefined;
  return number === 'latest' ? tx.get(latestVersion, { artifactId }) : tx.get(versionByNumber, { artifactId, number });
}
