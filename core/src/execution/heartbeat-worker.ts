// What runs in the thread of `heartbeat.ts`: user code may block the main thread for hours, and must not make the process look dead.
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

import { beat } from '../store/heartbeats.ts';
import { SqliteConnection } from '../store/sqlite-connection.ts';

const BEAT_MS = 2_000;

/** The parent tells when to end; it gets the ids of runs that are to be stopped. */
async function beatUntilTold(path: string, workerId: string): Promise<void> {
  const port = parentPort!;
  const end = new AbortController();
  port.once('message', () => end.abort());
  let connection: SqliteConnection | undefined;
  while (!end.signal.aborted) {
    try {
      connection ??= await SqliteConnection.open(path, false);
      const cancelled = await beat(connection, workerId);
      if (cancelled.length > 0) port.postMessage(cancelled);
    } catch {
      // A store that cannot be written now may be at the next beat; the main thread meets the same error and says so.
    }
    await pause(BEAT_MS, undefined, { signal: end.signal }).catch(() => undefined);
  }
  connection?.close();
  port.close();
}

const { path, workerId } = workerData as { path: string; workerId: string };
void beatUntilTold(path, workerId);
