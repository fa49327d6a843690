import { writeMetadata } from './annotations.ts';
import type { CommittedVersion, InputRecord, VersionIntent, VersionRecord } from './metadata-store.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Inputs } from './tables.ts';
import type { Transaction } from './transaction.ts';
import { producer } from './version-records.ts';

const WHOLE = -1;

const insertPending = statement((db, p: Param<Omit<VersionIntent, 'artifact'> & { artifactId: string; createdAt: number }>) =>
  db
    .insertInto('artifact_versions')
    .values({
      id: p('id'),
      artifact_id: p('artifactId'),
      state: 'pending',
      store_id: p('storeId'),
      key_prefix: p('keyPrefix'),
      worker_id: p('workerId'),
      producer_run_id: p('producerRunId'),
      created_at: p('createdAt'),
    })
    .onConflict((conflict) => conflict.column('id').doNothing()),
);
const readPending = statement((db, p: Param<{ id: string }>) =>
  db
    .selectFrom('artifact_versions as v')
    .innerJoin('artifacts as a', 'a.id', 'v.artifact_id')
    .innerJoin('runs as r', 'r.id', 'v.producer_run_id')
    .select(['v.artifact_id', 'a.name as artifact', 'v.store_id', 'v.producer_run_id', 'r.parent_id'])
    .where('v.id', '=', p('id'))
    .where('v.state', '=', 'pending'),
);
const lastNumber = statement((db, p: Param<{ artifactId: string }>) =>
  db
    .selectFrom('artifact_versions')
    .select((eb) => eb.fn.max<number | null>('number').as('number'))
    .where('artifact_id', '=', p('artifactId'))
    .where('number', 'is not', null),
);
type Filled = Omit<CommittedVersion, 'manifest' | 'meta' | 'metadata'> & {
  number: number;
  manifest: string | null;
  meta: string;
  createdAt: number;
};
const makeAvailable = statement((db, p: Param<Filled>) =>
  db
    .updateTable('artifact_versions')
    .set({
      state: 'available',
      number: p('number'),
      created_at: p('createdAt'),
      output: p('output'),
      key: p('key'),
      manifest: p('manifest'),
      size: p('size'),
      sha256: p('sha256'),
      materializer: p('materializer'),
      materializer_version: p('materializerVersion'),
      meta: p('meta'),
    })
    .where('id', '=', p('id')),
);
const insertRef = statement(
  (db, p: Param<{ runId: string; role: 'input' | 'output'; name: string; versionId: string; selector: number }>) =>
    db
      .insertInto('artifact_refs')
      .values({ run_id: p('runId'), role: p('role'), name: p('name'), version_id: p('versionId'), selector: p('selector') })
      .onConflict((conflict) => conflict.doNothing()),
);

export function intendVersions(store: StoreDb, intents: readonly VersionIntent[]): Promise<void> {
  return store.connection.write((tx) => intents.forEach((intent) => insertIntent(tx, store, intent)));
}

export function insertIntent(tx: Transaction, store: StoreDb, intent: VersionIntent): void {
  const { id, artifact, storeId, keyPrefix, producerRunId, workerId } = intent;
  tx.run(insertPending, {
    id,
    artifactId: store.artifacts.id(tx, artifact),
    storeId,
    keyPrefix,
    producerRunId,
    workerId,
    createdAt: Date.now(),
  });
}

export function commitLooseVersion(store: StoreDb, runId: string, version: CommittedVersion): Promise<VersionRecord> {
  return store.connection.write((tx) => {
    const [committed] = commitVersions(tx, store, runId, [version], Date.now()) ?? [];
    if (committed === undefined) throw new RangeError(`version ${version.id} is not pending`);
    return committed;
  });
}

/** Numbers the versions and makes them visible; undefined when one is no longer pending (its bytes may be gone). */
export function commitVersions(
  tx: Transaction,
  store: StoreDb,
  runId: string,
  versions: readonly CommittedVersion[],
  createdAt: number,
): VersionRecord[] | undefined {
  const records: VersionRecord[] = [];
  for (const { manifest, meta, metadata, ...version } of versions) {
    const pending = tx.get(readPending, { id: version.id });
    if (pending === undefined) return undefined;
    const number = (tx.get(lastNumber, { artifactId: pending.artifact_id })?.number ?? 0) + 1;
    const texts = { manifest: manifest === undefined ? null : JSON.stringify(manifest), meta: JSON.stringify(meta) };
    tx.run(makeAvailable, { ...version, ...texts, number, createdAt });
    tx.run(insertRef, { runId, role: 'output', name: version.output, versionId: version.id, selector: WHOLE });
    writeMetadata(tx, store, 'version', version.id, metadata);
    records.push({
      ...version,
      artifact: pending.artifact,
      version: number,
      storeId: pending.store_id,
      ...(manifest !== undefined && { manifest }),
      meta,
      metadata,
      createdAt,
      ...producer(pending),
    });
  }
  return records;
}

export function writeInputRefs(tx: Transaction, runId: string, inputs: Inputs): void {
  for (const [name, input] of Object.entries(inputs)) writeInputRef(tx, runId, name, input);
}

function writeInputRef(tx: Transaction, runId: string, name: string, input: InputRecord): void {
  if ('list' in input) for (const each of input.list) writeInputRef(tx, runId, name, each);
  if ('versionId' in input) tx.run(insertRef, { runId, role: 'input', name, versionId: input.versionId, selector: input.item ?? WHOLE });
}
