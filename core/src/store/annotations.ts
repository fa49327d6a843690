import type { Expression } from 'kysely';
import type { Json } from '../json.ts';
import type { MetadataValue } from './run-data.ts';
import type { Queries } from './sqlite-dialect.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { MetadataEntity, ParamType, Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

/** Params, tags and metadata: named values of runs and versions. The last value given for a name stands. */

const putParam = statement((db, p: Param<{ runId: string; name: number; type: ParamType; text: string; num: number | null }>) =>
  db
    .insertInto('params')
    .values({ run_id: p('runId'), name_id: p('name'), type: p('type'), text: p('text'), num: p('num') })
    .onConflict((conflict) =>
      conflict
        .columns(['run_id', 'name_id'])
        .doUpdateSet((eb) => ({ type: eb.ref('excluded.type'), text: eb.ref('excluded.text'), num: eb.ref('excluded.num') })),
    ),
);
const putTag = statement((db, p: Param<{ entityId: string; name: number; value: string }>) =>
  db
    .insertInto('tags')
    .values({ entity: 'run', entity_id: p('entityId'), name_id: p('name'), value: p('value') })
    .onConflict((conflict) =>
      conflict.columns(['entity', 'entity_id', 'name_id']).doUpdateSet((eb) => ({ value: eb.ref('excluded.value') })),
    ),
);
const deleteTag = statement((db, p: Param<{ entityId: string; name: number }>) =>
  db.deleteFrom('tags').where('entity', '=', 'run').where('entity_id', '=', p('entityId')).where('name_id', '=', p('name')),
);
const putMetadataRow = statement(
  (db, p: Param<{ entity: MetadataEntity; entityId: string; name: number; type: MetadataValue['type']; value: string }>) =>
    db
      .insertInto('metadata')
      .values({ entity: p('entity'), entity_id: p('entityId'), name_id: p('name'), type: p('type'), value: p('value') })
      .onConflict((conflict) =>
        conflict
          .columns(['entity', 'entity_id', 'name_id'])
          .doUpdateSet((eb) => ({ type: eb.ref('excluded.type'), value: eb.ref('excluded.value') })),
      ),
);
const readMetadata = statement((db, p: Param<{ entity: MetadataEntity; entityId: string }>) =>
  db
    .selectFrom('metadata as m')
    .innerJoin('names as n', 'n.id', 'm.name_id')
    .select(['n.text as name', 'm.type', 'm.value'])
    .where('m.entity', '=', p('entity'))
    .where('m.entity_id', '=', p('entityId'))
    .orderBy('m.name_id'),
);

export function writeParams(tx: Transaction, store: StoreDb, runId: string, values: Record<string, Json>): void {
  for (const [name, value] of Object.entries(values))
    tx.run(putParam, { runId, name: store.names.param.id(tx, name), ...encodeParam(value) });
}

export function writeTags(
  tx: Transaction,
  store: StoreDb,
  runId: string,
  set: Record<string, string>,
  remove: readonly string[] = [],
): void {
  for (const [name, value] of Object.entries(set)) tx.run(putTag, { entityId: runId, name: store.names.tag.id(tx, name), value });
  for (const name of remove) tx.run(deleteTag, { entityId: runId, name: store.names.tag.id(tx, name) });
}

export function writeMetadata(
  tx: Transaction,
  store: StoreDb,
  entity: MetadataEntity,
  entityId: string,
  values: Record<string, MetadataValue>,
): void {
  for (const [name, { type, value }] of Object.entries(values)) {
    tx.run(putMetadataRow, { entity, entityId, name: store.names.metadata.id(tx, name), type, value: encodeMetadata(type, value) });
  }
}

/** Text is kept as it is, so that people can query it; everything else as JSON. */
function encodeParam(value: Json): { type: ParamType; text: string; num: number | null } {
  if (typeof value === 'string') return { type: 'string', text: value, num: null };
  if (typeof value === 'number') return { type: 'number', text: JSON.stringify(value), num: value };
  return { type: typeof value === 'boolean' ? 'boolean' : 'json', text: JSON.stringify(value), num: null };
}

export function decodeParam(row: { type: ParamType; text: string }): Json {
  return row.type === 'string' ? row.text : (JSON.parse(row.text) as Json);
}

function encodeMetadata(type: MetadataValue['type'], value: Json): string {
  return (type === 'string' || type === 'uri') && typeof value === 'string' ? value : JSON.stringify(value);
}

function decodeMetadata(row: { type: MetadataValue['type']; value: string }): MetadataValue {
  return { type: row.type, value: row.type === 'string' || row.type === 'uri' ? row.value : (JSON.parse(row.value) as Json) };
}

/** Metadata of the runs or versions whose ids `ids` gives. */
export function metadataIn(db: Queries, entity: MetadataEntity, ids: Expression<{ id: string }>) {
  return db
    .selectFrom('metadata as m')
    .innerJoin('names as n', 'n.id', 'm.name_id')
    .select(['m.entity_id', 'n.text as name', 'm.type', 'm.value'])
    .where('m.entity', '=', entity)
    .where('m.entity_id', 'in', ids as unknown as readonly string[])
    .orderBy('m.name_id');
}

type MetadataRow = Pick<Tables['metadata'], 'type' | 'value'> & { name: string };

/** The rows of `metadataIn`, by whose they are. */
export function metadataByEntity(rows: readonly (MetadataRow & { entity_id: string })[]): Map<string, Record<string, MetadataValue>> {
  return new Map([...Map.groupBy(rows, (row) => row.entity_id)].map(([id, values]) => [id, metadataRecord(values)]));
}

export function metadataOf(tx: Transaction, entity: MetadataEntity, entityId: string): Record<string, MetadataValue> {
  return metadataRecord(tx.all(readMetadata, { entity, entityId }));
}

const metadataRecord = (rows: readonly MetadataRow[]): Record<string, MetadataValue> =>
  Object.fromEntries(rows.map((row) => [row.name, decodeMetadata(row)]));
