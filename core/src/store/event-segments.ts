import { applyRecords } from './apply-records.ts';
import type { LoggedRecord } from './tracking-data.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Transaction } from './transaction.ts';

export interface NewSegment {
  id: string;
  runId: string;
  workerId: string;
  path: string;
  openedAt: number;
}

const insertSegment = statement((db, p: Param<NewSegment>) =>
  db
    .insertInto('event_segments')
    .values({
      id: p('id'),
      run_id: p('runId'),
      worker_id: p('workerId'),
      uri: p('path'),
      opened_at: p('openedAt'),
      applied_offset: 0,
      applied_lines: 0,
      sealed: 0,
    })
    .onConflict((conflict) => conflict.doNothing()),
);
const readCursor = statement((db, p: Param<{ id: string }>) =>
  db.selectFrom('event_segments').select(['applied_offset', 'applied_lines']).where('id', '=', p('id')),
);
const moveCursor = statement((db, p: Param<{ id: string; to: number; lines: number }>) =>
  db
    .updateTable('event_segments')
    .set({ applied_offset: p('to'), applied_lines: p('lines') })
    .where('id', '=', p('id')),
);
/** `sealed` of a segment of which its writer has said that nothing follows, and of one that others have read to the end when its writer seemed dead. */
const BY_WRITER = 1;
export const BY_OTHERS = 2;
const seal = statement((db, p: Param<{ id: string; sealed: number; open: number }>) =>
  db
    .updateTable('event_segments')
    .set({ sealed: p('sealed') })
    .where('id', '=', p('id'))
    .where('sealed', 'in', [0, p('open')]),
);

export function openSegment(store: StoreDb, segment: NewSegment): Promise<void> {
  return store.connection.write((tx) => addSegment(tx, segment));
}

/** Nothing happens if it is there. */
export function addSegment(tx: Transaction, segment: NewSegment): void {
  tx.run(insertSegment, segment);
}

/**
 * What lies wholly before the cursor was applied by an earlier call. What lies across it is applied again, which changes nothing: points that
 * are there are ignored, and for the rest the last value stands.
 */
export function applyEvents(
  store: StoreDb,
  segmentId: string,
  records: readonly LoggedRecord[],
  from: number,
  to: number,
  lines?: number,
): Promise<void> {
  return store.connection.write((tx) => {
    const cursor = tx.get(readCursor, { id: segmentId });
    if (cursor === undefined || from > cursor.applied_offset) {
      const applied = cursor?.applied_offset ?? 'not opened';
      throw new RangeError(`records from byte ${from} of segment ${segmentId} do not follow what was applied (${applied})`);
    }
    if (to <= cursor.applied_offset) return;
    applyRecords(tx, store, records);
    tx.run(moveCursor, { id: segmentId, to, lines: lines ?? cursor.applied_lines + records.length });
  });
}

/** `byOthers`: not by its writer, which may not be dead. */
export function sealSegment(store: StoreDb, id: string, byOthers = false): Promise<void> {
  const sealed = byOthers ? { sealed: BY_OTHERS, open: 0 } : { sealed: BY_WRITER, open: BY_OTHERS };
  return store.connection.write((tx) => void tx.run(seal, { id, ...sealed }));
}
