import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { open as openZip, type ZipFile as ReadZip } from 'yauzl';
import { ZipFile } from 'yazl';

import { otherText } from '../run/other-text.ts';
import type { RunEnd } from '../run/run-end.ts';
import type { LogState, MessageLog } from './message-log.ts';
import { namesIn, type RunFiles } from './run-files.ts';
import { PART, removeParts, saveStream } from './save-file.ts';
import { syncFolder } from './sync-folder.ts';
import type { TakenAgain } from './taken-again.ts';

/** Of the comment of a ZIP file, bytes. */
const LONGEST_COMMENT = 65_535;

/** What an archive of ours says of itself in the comment of its ZIP file, where Comet does not look. */
export interface ArchiveState {
  part: number;
  through: Record<string, number>;
  again?: TakenAgain | undefined;
  messages: number;
  end: RunEnd | null;
}

/** Puts a run into its archive, as `comet upload` takes it: whole, or not at all. */
export async function writeArchive(files: RunFiles, log: MessageLog, signal: AbortSignal): Promise<void> {
  const state = await log.state();
  // What a process was writing when it was killed is nobody's file.
  const whole = (await namesIn(files.assets)).filter((name) => !name.endsWith(PART));
  const { part, through, again, messages, end } = state;
  const path = files.archive(part);
  await removeParts(path);
  const comment = commentFor({ part, through, again, messages, end });
  const zip = new ZipFile();
  const bytes = zip.outputStream as Readable;
  // What cannot be read is told here, by an event that ends the process where nobody listens.
  const fail = (error: Error): void => void bytes.destroy(error);
  zip.on('error', fail);
  zip.addBuffer(Buffer.from(JSON.stringify(experimentOf(files.key, state))), 'experiment.json');
  zip.addReadStreamLazy('messages.json', { compress: true }, (take) =>
    take(null, Readable.from(log.messages(), { objectMode: false }).on('error', fail)),
  );
  for (const name of whole) zip.addFile(join(files.assets, name), name, { compress: false });
  zip.end({ forceZip64Format: false, comment });
  await saveStream(path, bytes, signal);
  await syncFolder(dirname(path));
}

/**
 * `create` makes a second upload of one archive fail, and not count twice; what comes later needs the experiment to be there. An error of an archive before is at
 * Comet by then: it is taken back by one that is null, which `comet upload` sends too.
 */
function experimentOf(key: string, { part, workspace, projectName, startedAt, labels, end, clearsError }: LogState): object {
  const error = end?.error ?? null;
  return {
    ...{ offline_id: key, project_name: projectName, workspace, tags: labels, start_time: startedAt, stop_time: end?.endedAt ?? startedAt },
    ...{ resume_strategy: part === 1 ? 'create' : 'get', user_provided_experiment_key: true, comet_start_sourced: false },
    ...{ customer_error_reported: error !== null || clearsError, customer_error_message: error },
  };
}

export async function archiveState(path: string): Promise<ArchiveState | undefined> {
  const comment = await commentOf(path);
  try {
    return JSON.parse(comment) as ArchiveState;
  } catch {
    return undefined;
  }
}

function commentOf(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    openZip(path, { lazyEntries: true }, (error: Error | null, zip?: ReadZip) => {
      if (error !== null || zip === undefined) return reject(error ?? new Error(`${path} cannot be read`));
      resolve(zip.comment);
      zip.close();
    });
  });
}

/** With the whole text of an error, unless there is no room for it. The archive itself has it. */
function commentFor(state: ArchiveState): string {
  const whole = asciiJson(state);
  const { end } = state;
  if (whole.length <= LONGEST_COMMENT || end === null || end.error === null) return whole;
  return asciiJson({ ...state, end: { ...end, error: otherText(end.error) } });
}

/** A ZIP file's comment has no other characters that all programs agree about. */
function asciiJson(value: ArchiveState): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
