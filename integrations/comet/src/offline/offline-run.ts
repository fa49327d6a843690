import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import {
  ArtifactNotFound,
  isError,
  makeFolder,
  Permanent,
  shellWord,
  type Outcome,
  type ReadArtifact,
  type Receipt,
  type TrackerEvent,
  type TrackerRun,
  type TrackerRunRef,
} from '@mortise/core';

import type { CometRun } from '../comet-run.ts';
import { shownName } from '../run/names.ts';
import type { FilePiece } from '../run/piece.ts';
import { piecesOf } from '../run/pieces-of.ts';
import { endOthers, runEnd } from '../run/run-end.ts';
import { throughOf } from '../run/through-of.ts';
import { writeArchive } from './archive.ts';
import { atFiles } from './files-failure.ts';
import { MessageLog, type LogState } from './message-log.ts';
import { Messages } from './messages.ts';
import type { RunFiles } from './run-files.ts';
import { saveFile } from './save-file.ts';
import { notTaken, withTaken } from './taken-again.ts';

export interface OpenedOfflineRun {
  files: RunFiles;
  native: CometRun;
  ids: Record<string, string>;
  readArtifact: ReadArtifact | undefined;
  /** What holds of a run that is in its archives, and begins the next one: `part` is that of the next. */
  archived: LogState | undefined;
  /** Only what was refused before comes: how far the run came says nothing of it. */
  again: boolean;
}

/** A run in files, for `comet upload`. */
export class OfflineRun implements TrackerRun<CometRun> {
  readonly native: CometRun;
  readonly #opened: OpenedOfflineRun;
  #part: number;

  constructor(opened: OpenedOfflineRun, part: number) {
    this.#opened = opened;
    this.#part = part;
    this.native = opened.native;
  }

  get ref(): TrackerRunRef {
    const { files, ids } = this.#opened;
    const archives = Array.from({ length: this.#part }, (_, at) => files.archive(at + 1));
    return {
      id: files.key,
      url: pathToFileURL(archives.at(-1)!).href,
      ids: { ...ids, comet_sync_command: `comet upload ${archives.map(shellWord).join(' ')}` },
    };
  }

  deliver(events: readonly TrackerEvent[], signal: AbortSignal, closing = false): Promise<Receipt> {
    return this.#atFiles(signal, async () => {
      const found = await this.#presentLog();
      const { archived, again } = this.#opened;
      const state = found === undefined ? archived! : await found.state();
      const isOpen = ({ writer, seq }: TrackerEvent): boolean => seq > (state.through[writer] ?? 0);
      const open = again ? notTaken(state.again ?? [], events) : events.filter(isOpen);
      if (open.length === 0) return { through: throughOf(events), ref: this.ref };
      return this.#append({ found, state }, { events, open }, signal, !closing);
    });
  }

  /** Unless it is in an archive already: then it is there still since who closed it could not take it away, with fewer of the files than the archive has. */
  async #presentLog(): Promise<MessageLog | undefined> {
    const { files } = this.#opened;
    const log = await MessageLog.find(files.log);
    // Neither there nor in an archive: to go on would be to say that what it held has come somewhere.
    if (log === undefined && this.#opened.archived === undefined)
      throw new Error(`${files.folder} was taken away while its run went on: what is left of it will be in an archive of its own`);
    if (log === undefined) return undefined;
    const state = await log.state();
    if (!existsSync(files.archive(state.part))) return log;
    this.#opened.archived = { ...state, part: state.part + 1 };
    await rm(files.folder, { recursive: true, force: true });
    return undefined;
  }

  /** The run goes on in another archive. */
  async #nextPart(): Promise<MessageLog> {
    const { files, archived } = this.#opened;
    this.#part = archived!.part;
    makeFolder(files.folder);
    return MessageLog.create(files.log, [], archived!);
  }

  async #append(
    { found, state }: { found: MessageLog | undefined; state: LogState },
    { events, open }: { events: readonly TrackerEvent[]; open: readonly TrackerEvent[] },
    signal: AbortSignal,
    durable: boolean,
  ): Promise<Receipt> {
    const { again } = this.#opened;
    const messages = new Messages(state.messages + 1);
    const rejected: NonNullable<Receipt['rejected']> = [];
    const arrived: TrackerEvent[] = [];
    let taken = open;
    for (const [index, event] of open.entries()) {
      try {
        const why = await this.#add(messages, event, signal);
        if (why.length > 0) rejected.push({ writer: event.writer, seq: event.seq, why: why.join('; ') });
        else arrived.push(event);
      } catch (error) {
        // What came before it is taken, and need not come again.
        if (index === 0 || isError(error, Permanent) || signal.aborted) throw error;
        taken = open.slice(0, index);
        break;
      }
    }
    const through = { ...state.through };
    for (const [writer, seq] of Object.entries(throughOf(taken))) through[writer] = Math.max(seq, through[writer] ?? 0);
    // What is refused again makes no further archive.
    if (!again || messages.lines.length > 0) {
      const log = found ?? (await this.#nextPart());
      const noted = { ...state, through, ...(again && { again: withTaken(state.again ?? [], arrived) }) };
      await log.append(messages.lines, { ...noted, messages: state.messages + messages.lines.length }, durable);
    }
    return { through: throughOf(taken === open ? events : taken), ref: this.ref, ...(rejected.length > 0 && { rejected }) };
  }

  /** Gives why parts of the event cannot be taken. */
  async #add(messages: Messages, event: TrackerEvent, signal: AbortSignal): Promise<string[]> {
    const { pieces, refused } = piecesOf(event);
    // The rest of it was taken when it came first.
    if (this.#opened.again && refused.length > 0) return refused;
    for (const piece of pieces) {
      if (piece.kind !== 'file') {
        messages.piece(piece);
        continue;
      }
      const id = this.#opened.files.assetId(event, piece.file.path);
      const why = await this.#save(piece.file, id, signal);
      if (why === undefined) messages.file(id, piece.file.path, piece.at);
      else refused.push(why);
    }
    return refused;
  }

  async #save(file: FilePiece, id: string, signal: AbortSignal): Promise<string | undefined> {
    const { files, readArtifact } = this.#opened;
    try {
      if (file.kind === 'artifact' && readArtifact === undefined)
        throw new ArtifactNotFound({ what: file.event.uri, where: 'nothing can read it here' });
      await saveFile(join(files.assets, id), file.kind === 'artifact' ? readArtifact!(file.event, signal) : file.bytes, signal);
      return undefined;
    } catch (error) {
      if (!isError(error, ArtifactNotFound)) throw error;
      return `${shownName(file.path)} was not saved: ${error.message}`;
    }
  }

  close(outcome: Outcome, endedAt: number, signal: AbortSignal, supersededBy?: string): Promise<TrackerRunRef> {
    return this.#atFiles(signal, async () => {
      const { files } = this.#opened;
      const log = await this.#presentLog();
      if (log === undefined) {
        // Of files that could not be saved.
        await rm(files.folder, { recursive: true, force: true });
        return this.ref;
      }
      const state = await log.state();
      if (state.end === null) {
        const end = runEnd(outcome, endedAt);
        const messages = new Messages(state.messages + 1);
        for (const [name, value] of Object.entries(endOthers(outcome, end, supersededBy))) messages.other(name, value);
        await log.append(messages.lines, { ...state, end, messages: state.messages + messages.lines.length }, true);
      }
      await writeArchive(files, log, signal);
      this.#opened.archived = { ...(await log.state()), part: state.part + 1 };
      await rm(files.folder, { recursive: true, force: true });
      return this.ref;
    });
  }

  #atFiles<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return atFiles(this.#opened.files.root, signal, work);
  }
}
