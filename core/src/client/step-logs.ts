import { closeSync, fstatSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { consoleFile, type ConsoleChunk } from '../execution/step-console.ts';
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

/** Throws `UnknownStep`. */
export async function* readStepLogs(
  from: { store: MetadataStore; logsFolder: string; ended(): Promise<boolean> },
  run: RunRecord,
  { step, follow = false, signal }: LogOptions,
): AsyncGenerator<StepLog> {
  const files = new Map<string, ConsoleReader>();
  for (let last = !follow; ;) {
    const attempts = await from.store.stepRuns(run.id);
    if (step !== undefined) requireStep(step, run, attempts, { whole: true });
    for (const attempt of attempts) {
      const name = stepName(attempt);
      if (attempt.attempt === 0 || (step !== undefined && step !== name && step !== attempt.stepId)) continue;
      const file = files.get(attempt.id) ?? new ConsoleReader(consoleFile(from.logsFolder, run.id, attempt.id), attempt.startedAt);
      files.set(attempt.id, file);
      for (const { at, stream, text } of file.read()) yield { step: name, attempt: attempt.attempt, at: isoTime(at), stream, text };
    }
    if (last || signal?.aborted) return;
    await delay(INTERVAL_MS, undefined, signal && { signal }).catch(() => undefined);
    // Once more after the end: what was written before it is there then.
    last = await from.ended();
  }
}

/** Reads a console file as it grows. A line without its end is being written, or was when its writer died. */
class ConsoleReader {
  readonly #path: string;
  #offset = 0;
  /** Of the line before. */
  #at: number;

  constructor(path: string, startedAt: number) {
    this.#path = path;
    this.#at = startedAt;
  }

  *read(): Generator<ConsoleChunk> {
    const fd = openIfThere(this.#path);
    if (fd === undefined) return;
    try {
      for (let lines = this.#lines(fd); lines !== undefined; lines = this.#lines(fd))
        for (const line of lines.split('\n')) if (line !== '') yield this.#chunkOf(line);
    } finally {
      closeSync(fd);
    }
  }

  #chunkOf(line: string): ConsoleChunk {
    try {
      const chunk = JSON.parse(line) as ConsoleChunk;
      this.#at = chunk.at;
      return chunk;
    } catch {
      return { at: this.#at, stream: 'err', text: DAMAGED };
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
