import { writeParams, writeTags } from './annotations.ts';
import type { LoggedRecord } from './tracking-data.ts';
import { SeriesBatch } from './series-batch.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Transaction } from './transaction.ts';

interface ArtifactRow {
  runId: string;
  path: string;
  uri: string;
  sha256: string;
  size: number;
  type: string | null;
  at: number;
}
const putArtifact = statement((db, p: Param<ArtifactRow>) =>
  db
    .insertInto('logged_artifacts')
    .values({ run_id: p('runId'), path: p('path'), uri: p('uri'), sha256: p('sha256'), size: p('size'), type: p('type'), at: p('at') })
    .onConflict((conflict) =>
      conflict.columns(['run_id', 'path']).doUpdateSet((eb) => ({
        uri: eb.ref('excluded.uri'),
        sha256: eb.ref('excluded.sha256'),
        size: eb.ref('excluded.size'),
        type: eb.ref('excluded.type'),
        at: eb.ref('excluded.at'),
      })),
    ),
);
const putDocument = statement((db, p: Param<{ runId: string; name: string; mime: string; json: string; at: number }>) =>
  db
    .insertInto('documents')
    .values({ run_id: p('runId'), name: p('name'), mime: p('mime'), json: p('json'), at: p('at') })
    .onConflict((conflict) =>
      conflict.columns(['run_id', 'name']).doUpdateSet((eb) => ({
        mime: eb.ref('excluded.mime'),
        json: eb.ref('excluded.json'),
        at: eb.ref('excluded.at'),
      })),
    ),
);
const setNote = statement((db, p: Param<{ id: string; note: string }>) =>
  db
    .updateTable('runs')
    .set({ note: p('note') })
    .where('id', '=', p('id')),
);

/** In order. Definitions of metrics, datasets and log lines stay in the event log: nothing asks the store for them. */
export function applyRecords(tx: Transaction, store: StoreDb, records: readonly LoggedRecord[]): void {
  const series = new SeriesBatch(tx, store);
  for (const record of records) {
    const { runId, at } = record;
    switch (record.kind) {
      case 'metrics':
        series.add(runId, record.context, record.values, record.step, at);
        break;
      case 'params':
        writeParams(tx, store, runId, record.values);
        break;
      case 'tags':
        writeTags(tx, store, runId, record.set, record.remove);
        break;
      case 'note':
        tx.run(setNote, { id: runId, note: record.markdown });
        break;
      case 'artifact':
        tx.run(putArtifact, {
          runId,
          path: record.path,
          uri: record.uri,
          sha256: record.sha256,
          size: record.size,
          type: record.type ?? null,
          at,
        });
        break;
      case 'json':
        tx.run(putDocument, { runId, name: record.name, mime: record.mime, json: JSON.stringify(record.value), at });
        break;
      case 'define-metric':
      case 'dataset':
      case 'log':
        break;
    }
  }
  series.flush();
}
