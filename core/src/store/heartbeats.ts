import type { SqliteConnection } from './sqlite-connection.ts';
import { type Param, statement } from './statement.ts';

const beatOf = statement((db, p: Param<{ id: string; at: number }>) =>
  db
    .updateTable('workers')
    .set({ beat_at: p('at') })
    .where('id', '=', p('id')),
);
const toBeStopped = statement((db) =>
  db
    .selectFrom('runs')
    .select('id')
    .where('pipeline', 'is not', null)
    .where('status', '=', 'running')
    .where('cancel_requested_at', 'is not', null),
);

/** One heartbeat of a process. Gives the runs, of whatever process, that somebody has asked to stop. */
export function beat(connection: SqliteConnection, workerId: string): Promise<string[]> {
  return connection.write((tx) => {
    tx.run(beatOf, { id: workerId, at: Date.now() });
    return tx.all(toBeStopped, {}).map(({ id }) => id);
  });
}
