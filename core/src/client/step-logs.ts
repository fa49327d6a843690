import { closeSync, fstatSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { FileBroken } from '../errors.ts';
import { consoleFile, type ConsoleChunk } from '../execution/step-console.ts';
import { fileErrorReason } from '../project/file-error.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { RunRecord } from '../store/run-data.ts';
import { openIfThere } from '../tracking/open-if-there.ts';
import { isoTime } from './pipeline-run-view.ts';
import { requireStep, stepName } from './require-step.ts';

export interface LogOptions {
  /** Only this step (`train`; with all of its items, or one: `each[2]`). Default: all. */
  step?: string;
  /** Wait for more until the run has ended. Default false. */
  follow?: boolean;
  /** Ends the following. */
  signal?: AbortSignal;
}

/** A piece of what a step printed: as it was written, not cut into lines. */
export interface StepLog {
  /** `train`, or `each[2]` for an item. */
  step: string;
  attempt: number;
  at: string;
  stream: 'out' | 'err';
  text: string;
}

/** How often a run that is followed is looked at, ms. */
const INTERVAL_MS = 250;
const LF = 0x0a;
const CHUNK_BYTES = 1 << 20;
const DAMAGED = '... a part of the output that was here is damaged\n';

/** Clocks of other machines may be so far from this one, ms. What began and ended unseen beyond that is read when the run has ended. */
const CLOCKS_MS = 60_000;

/** Throws `UnknownStep`, `FileBroken`. */
export async function* readStepLogs(
  from: { store: Pick<MetadataStore, 'attemptsSince'>; logsFolder: string; ended(): Promise<boolean> },
  run: RunRecord,
  { step, follow = false, signal }: LogOptions,
): AsyncGenerator<StepLog> {
  const files = new Map<string, ConsoleReader>();
  // Of those that ended, nothing more is to come: to look at them each time would cost the more, the longer a run goes on.
  const read = new Set<string>();
  for (let [last, since] = [!follow, 0]; ;) {
    const lookedAt = Date.now();
    const attempts = await from.store.attemptsSince(run.id, since);
    if (step !== undefined && since === 0) requireStep(step, run, attempts, { whole: true });
    for (const { id, attempt, ended, ...identity } of attempts) {
      const name = stepName(identity);
      if (attempt === 0 || (step !== undefined && step !== name && step !== identity.stepId) || (read.has(id) && !last)) continue;
      const file = files.get(id) ?? new ConsoleReader(consoleFile(from.logsFolder, run.id, id), run.startedAt);
      files.set(id, file);
      for (const { at, stream, text } of file.read()) yield { step: name, attempt, at: isoTime(at), stream, text };
      if (ended) read.add(id);
    }
    if (last || signal?.aborted) return;
    await delay(INTERVAL_MS, undefined, signal && { signal }).catch(() => undefined);
    // Once more after the end: what was written before it is there then.
    last = await from.ended();
    since = last ? 0 : lookedAt - CLOCKS_MS;
  }
}

/** Reads a console file as it grows. A line without its end is being written, or was when its writer died. */
class ConsoleReader {
  readonly #path: string;
  #offset = 0;
  /** Of the last piece. */
  #at: number;

  constructor(path: string, startedAt: number) {
    this.#path = path;
    this.#at = startedAt;
  }

  /** Throws `FileBroken`. */
  *read(): Generator<ConsoleChunk> {
    const fd = this.#reading(() => openIfThere(this.#path));
    if (fd === undefined) return;
    try {
      for (let lines = this.#reading(() => this.#lines(fd)); lines !== undefined; lines = this.#reading(() => this.#lines(fd)))
        for (const line of lines.split('\n')) if (line !== '') yield this.#chunk(line) ?? { at: this.#at, stream: 'err', text: DAMAGED };
    } finally {
      closeSync(fd);
    }
  }

  /** Undefined: a machine that went down has left something else there than what was written. */
  #chunk(line: string): ConsoleChunk | undefined {
    try {
      const chunk = JSON.parse(line) as ConsoleChunk | null;
      if (!Number.isFinite(chunk?.at) || typeof chunk?.text !== 'string') return undefined;
      this.#at = chunk.at;
      return chunk;
    } catch {
      return undefined;
    }
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      throw new FileBroken({ file: this.#path, reason: fileErrorReason(cause) }, { cause });
    }
  }

  /** The next whole lines; undefined when there is none. */
  #lines(fd: number, bytes = CHUNK_BYTES): string | undefined {
    const left = fstatSync(fd).size - this.#offset;
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(left, bytes)));
    const end = buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, this.#offset)).lastIndexOf(LF) + 1;
    if (end === 0) return left > bytes ? this.#lines(fd, bytes * 4) : undefined;
    this.#offset += end;
    return buffer.toString('utf8', 0, end);
  }
}
