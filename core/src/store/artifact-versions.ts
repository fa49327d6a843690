import { writeMetadata } from './annotations.ts';
import type { AttemptCommit, InputRecord } from './step-data.ts';
import type { CommittedVersion, LooseIntent, VersionRecord } from './version-data.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Inputs } from './tables.ts';
import type { Transaction } from './transaction.ts';

const WHOLE = -1;

const insertPending = statement((db, p: Param<Omit<LooseIntent, 'artifact'> & { artifactId: string; createdAt: number }>) =>
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
    .select(['v.artifact_id as artifactId', 'a.name as artifact', 'v.store_id as storeId'])
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

type Contents = Omit<CommittedVersion, 'manifest' | 'meta' | 'metadata'> & {
  number: number;
  manifest: string | null;
  meta: string;
  createdAt: number;
};
const contents = (p: Param<Contents>) => ({
  state: 'available' as const,
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
});
const insertVersion = statement((db, p: Param<Contents & { artifactId: string; storeId: string; producerRunId: string }>) =>
  db.insertInto('artifact_versions').values({
    id: p('id'),
    artifact_id: p('artifactId'),
    store_id: p('storeId'),
    producer_run_id: p('producerRunId'),
    ...contents(p),
  }),
);
const makeAvailable = statement((db, p: Param<Contents>) => db.updateTable('artifact_versions').set(contents(p)).where('id', '=', p('id')));
const insertRef = statement(
  (db, p: Param<{ runId: string; role: 'input' | 'output'; name: string; versionId: string; selector: number }>) =>
    db
      .insertInto('artifact_refs')
      .values({ run_id: p('runId'), role: p('role'), name: p('name'), version_id: p('versionId'), selector: p('selector') })
      .onConflict((conflict) => conflict.doNothing()),
);

export function intendVersions(store: StoreDb, intents: readonly LooseIntent[]): Promise<void> {
  return store.connection.write((tx) => {
    for (const { artifact, ...intent } of intents)
      tx.run(insertPending, { ...intent, artifactId: store.artifacts.id(tx, artifact), createdAt: Date.now() });
  });
}

export function commitLooseVersion(store: StoreDb, runId: string, version: CommittedVersion): Promise<VersionRecord> {
  return store.connection.write((tx) => {
    const pending = tx.get(readPending, { id: version.id });
    if (pending === undefined) throw new RangeError(`version ${version.id} is not pending`);
    const { artifactId, artifact, storeId } = pending;
    const createdAt = Date.now();
    const number = nextNumber(tx, artifactId);
    tx.run(makeAvailable, { ...columns(version), number, createdAt });
    writeOutput(tx, store, runId, version);
    return { ...version, artifact, version: number, storeId, createdAt, producerRunId: runId };
  });
}

/** Numbers the versions that an attempt made, and makes them visible. */
export function insertVersions(tx: Transaction, store: StoreDb, { id, runId, versions, endedAt }: AttemptCommit): VersionRecord[] {
  return versions.map((version) => {
    const artifactId = store.artifacts.id(tx, version.artifact);
    const number = nextNumber(tx, artifactId);
    tx.run(insertVersion, { ...columns(version), artifactId, number, storeId: version.storeId, producerRunId: id, createdAt: endedAt });
    writeOutput(tx, store, id, version);
    return { ...version, version: number, createdAt: endedAt, producerRunId: runId, producerStepRunId: id };
  });
}

function nextNumber(tx: Transaction, artifactId: string): number {
  return (tx.get(lastNumber, { artifactId })?.number ?? 0) + 1;
}

function columns({ id, output, key, manifest, size, sha256, materializer, materializerVersion, meta }: CommittedVersion) {
  const texts = { manifest: manifest === undefined ? null : JSON.stringify(manifest), meta: JSON.stringify(meta) };
  return { id, output, key, size, sha256, materializer, materializerVersion, ...texts };
}

function writeOutput(tx: Transaction, store: StoreDb, runId: string, { id, output, metadata }: CommittedVersion): void {
  tx.run(insertRef, { runId, role: 'output', name: output, versionId: id, selector: WHOLE });
  writeMetadata(tx, store, 'version', id, metadata);
}

export function writeInputRefs(tx: Transaction, runId: string, inputs: Inputs): void {
  for (const [name, input] of Object.entries(inputs)) writeInputRef(tx, runId, name, input);
}

function writeInputRef(tx: Transaction, runId: string, name: string, input: InputRecord): void {
  if ('list' in input) for (const each of input.list) writeInputRef(tx, runId, name, each);
  if ('versionId' in input) tx.run(insertRef, { runId, role: 'input', name, versionId: input.versionId, selector: input.item ?? WHOLE });
}
