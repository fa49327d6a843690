import { setImmediate } from 'node:timers/promises';

import { lineOrigin } from './event-log-line.ts';
import { eachLine } from './event-log-reader.ts';

/** A place in the files of a log: the index of a file, and a byte in it. */
export interface LogPlace {
  file: number;
  offset: number;
}

/** What a log holds of one step run. */
export interface IndexedEvents {
  /** How many are wanted. */
  count: number;
  /** The end of the last one's line. */
  end: LogPlace;
}

/** How many events of each step run the files hold that `wants` them, and where the last one ends. Lines are not parsed: a million take a second or so. */
export async function indexLog(
  files: readonly string[],
  wants: (runId: string, writer: string, seq: number) => boolean,
): Promise<Map<string, IndexedEvents>> {
  const found = new Map<string, IndexedEvents>();
  for (const [file, path] of files.entries()) {
    for (const lines of eachLine(path)) {
      for (const { line, to } of lines) {
        const origin = lineOrigin(line);
        if (origin === undefined || !wants(origin.runId, origin.writer, origin.seq)) continue;
        const known = found.get(origin.runId);
        if (known === undefined) found.set(origin.runId, { count: 1, end: { file, offset: to } });
        else {
          known.count++;
          known.end.file = file;
          known.end.offset = to;
        }
      }
      await setImmediate();
    }
  }
  return found;
}
