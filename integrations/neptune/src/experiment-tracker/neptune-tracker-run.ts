import {
  ArtifactNotFound,
  isError,
  Permanent,
  type Outcome,
  type ReadArtifact,
  type Receipt,
  type TrackerEvent,
  type TrackerRun,
  type TrackerRunRef,
  type TrackerRunStart,
} from '@mortise/core';

import type { FileRef } from '../wire/snapshot.ts';
import { endWrites } from './end-writes.ts';
import { gatherEvents, type KeptFiles } from './gather-events.ts';
import { isFileEvent, OtherSize, runFile } from './run-files.ts';
import { NOTHING, type RunMemory } from './run-memory.ts';
import type { RunPlace } from './run-place.ts';

/** What `activeRun(neptune).native()` gives: which run it is. Neptune has no client for JavaScript. */
export interface NeptuneRun {
  /** Neptune's custom run id. */
  runId: string;
  /** `workspace/project`. */
  project: string;
  mode: 'offline' | 'online';
  /** File that `neptune sync` sends; offline. */
  operationsFile?: string;
}

export class NeptuneTrackerRun implements TrackerRun<NeptuneRun> {
  readonly native: NeptuneRun;
  readonly #place: RunPlace;
  readonly #readArtifact: ReadArtifact | undefined;
  /** Where only what was refused before comes, how far that came: what is known of the run says nothing of it. */
  readonly #again: Map<string, number> | undefined;

  constructor(native: NeptuneRun, place: RunPlace, { readArtifact, again }: Pick<TrackerRunStart, 'readArtifact' | 'again'>) {
    this.native = native;
    this.#place = place;
    this.#readArtifact = readArtifact;
    this.#again = again === true ? new Map() : undefined;
  }

  get ref(): TrackerRunRef {
    return this.#place.ref;
  }

  async deliver(events: readonly TrackerEvent[], signal: AbortSignal): Promise<Receipt> {
    signal.throwIfAborted();
    const { files, ready } = await this.#keepFiles(events, signal);
    const rejected = await this.#place.write((memory) => gatherEvents(ready, memory, files, this.#again), signal);
    const through: Record<string, number> = {};
    for (const { writer, seq } of ready) through[writer] = seq;
    for (const [writer, seq] of Object.entries(through)) this.#again?.set(writer, seq);
    return { through, ref: this.ref, ...(rejected.length > 0 && { rejected }) };
  }

  /** Keeps the files of the events. `ready`: the events up to one whose file may be kept later. */
  async #keepFiles(events: readonly TrackerEvent[], signal: AbortSignal): Promise<{ files: KeptFiles; ready: readonly TrackerEvent[] }> {
    const files = new Map<TrackerEvent, FileRef | { why: string }>();
    for (const [index, event] of events.entries()) {
      if (!isFileEvent(event) || isSettled(event, this.#again ?? this.#place.memory.acked)) continue;
      const file = runFile(event, this.native.runId, this.#readArtifact);
      try {
        await this.#place.keepFile(file, signal);
        files.set(event, file);
      } catch (error) {
        if (isError(error, ArtifactNotFound) || error instanceof OtherSize) files.set(event, { why: error.message });
        else if (index === 0 || isError(error, Permanent) || signal.aborted) throw error;
        else return { files, ready: events.slice(0, index) };
      }
    }
    return { files, ready: events };
  }

  async close(outcome: Outcome, endedAt: number, signal: AbortSignal, supersededBy?: string): Promise<TrackerRunRef> {
    signal.throwIfAborted();
    await this.#place.write((memory) => (memory.ended === undefined ? endWrites(outcome, endedAt, supersededBy) : NOTHING), signal);
    this.#place.rest();
    return this.ref;
  }
}

function isSettled({ writer, seq }: TrackerEvent, settled: RunMemory['acked']): boolean {
  return seq <= (settled.get(writer) ?? 0);
}
