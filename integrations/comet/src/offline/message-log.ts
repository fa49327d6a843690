import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, open, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { RunEnd } from '../run/run-end.ts';
import { syncFolder } from './sync-folder.ts';
import type { TakenAgain } from './taken-again.ts';

/** What holds of a run once its messages are on disk. */
export interface LogState {
  /** Which archive of the run it becomes. */
  part: number;
  workspace: string | null;
  projectName: string;
  /** ms UTC. */
  startedAt: number;
  labels: string[];
  /** Highest `seq` of each writer. */
  through: Record<string, number>;
  /** Undefined if there are none. */
  again?: TakenAgain | undefined;
  /** How many messages there are, in all parts. */
  messages: number;
  end: RunEnd | null;
  /** An archive before this one tells of an error that counts no more. */
  clearsError: boolean;
}

/** Marks the lines that are not Comet's: no message begins with it. */
export const MARK = '#';
const CHUNK = 65_536;

/**
 * The messages of an offline run, one a line, as they are in its archive. After each batch comes a line with what holds then. What has none after it was torn by
 * the end of a process and is dropped: nothing is there in part, and nothing twice.
 */
export class MessageLog {
  readonly #path: string;
  /** What was last seen, and the size of what is whole, bytes. */
  #seen: { state: LogState; size: number } | undefined;

  /** Makes it, whole, unless another one did. */
  static async create(path: string, messages: readonly string[], state: LogState): Promise<MessageLog> {
    const beside = `${path}.${randomBytes(6).toString('hex')}`;
    try {
      await writeFile(beside, linesOf(messages, state), { flush: true });
      await link(beside, path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    } finally {
      await rm(beside, { force: true });
    }
    // Its name, and that of its folder: without them the bytes are nowhere.
    for (const folder of [dirname(path), dirname(dirname(path))]) await syncFolder(folder);
    return new MessageLog(path);
  }

  /** Undefined if there is none. */
  static async find(path: string): Promise<MessageLog | undefined> {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    return found === undefined ? undefined : new MessageLog(path);
  }

  private constructor(path: string) {
    this.#path = path;
  }

  /** Another process may have written since. */
  async state(): Promise<LogState> {
    return (await this.#within(async (_file, seen) => seen)).state;
  }

  /** All of it or nothing. `durable`: also if the machine fails. */
  append(messages: readonly string[], state: LogState, durable: boolean): Promise<void> {
    return this.#within(async (file, { size }) => {
      if ((await file.stat()).size !== size) await file.truncate(size);
      const bytes = Buffer.from(linesOf(messages, state));
      for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at, bytes.length - at, size + at)).bytesWritten;
      if (durable) await file.datasync();
      this.#seen = { state, size: size + bytes.length };
    });
  }

  /** The lines of Comet's messages, as bytes. */
  async *messages(): AsyncGenerator<Uint8Array, void, undefined> {
    const { size } = await this.#within(async (_file, seen) => seen);
    let isLineStart = true;
    let isMarked = false;
    for await (const chunk of createReadStream(this.#path, { end: size - 1 }) as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length;) {
        if (isLineStart) isMarked = chunk[at] === MARK.charCodeAt(0);
        const next = isMarked ? chunk.indexOf(10, at) : chunk.indexOf(`\n${MARK}`, at);
        const end = next === -1 ? chunk.length : next + 1;
        if (!isMarked) yield chunk.subarray(at, end);
        isLineStart = chunk[end - 1] === 10;
        at = end;
      }
    }
  }

  async #within<T>(work: (file: FileHandle, seen: { state: LogState; size: number }) => Promise<T>): Promise<T> {
    const file = await open(this.#path, 'r+');
    try {
      const { size } = await file.stat();
      if (size !== this.#seen?.size) this.#seen = await lastState(file, size, this.#path);
      return await work(file, this.#seen);
    } finally {
      await file.close();
    }
  }
}

async function lastState(file: FileHandle, size: number, path: string): Promise<{ state: LogState; size: number }> {
  let tail = Buffer.alloc(0);
  for (let from = size; from > 0;) {
    const chunk = Buffer.alloc(Math.min(CHUNK, from));
    from -= chunk.length;
    await file.read(chunk, 0, chunk.length, from);
    tail = Buffer.concat([chunk, tail]);
    const [start, end] = lastMarked(tail, from === 0);
    if (start !== -1) return { state: JSON.parse(tail.subarray(start + 1, end).toString()) as LogState, size: from + end + 1 };
  }
  throw new Error(`${path} is damaged: it says nowhere what it holds`);
}

/** Where the last whole line with a mark begins, and where it ends. */
function lastMarked(tail: Buffer, isWhole: boolean): [start: number, end: number] {
  let end = tail.lastIndexOf(10);
  while (end > 0) {
    const before = tail.lastIndexOf(10, end - 1);
    if (tail[before + 1] === MARK.charCodeAt(0) && (before !== -1 || isWhole)) return [before + 1, end];
    end = before;
  }
  return [-1, -1];
}

function linesOf(messages: readonly string[], state: LogState): string {
  return [...messages, `${MARK}${JSON.stringify(state)}`].map((line) => `${line}\n`).join('');
}
