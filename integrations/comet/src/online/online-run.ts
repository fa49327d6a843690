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
} from '@mortise/core';

import { isCometError } from '../client/comet-error.ts';
import type { CometClient, Limited } from '../client/comet-client.ts';
import type { CometRun } from '../comet-run.ts';
import { shownName } from '../run/names.ts';
import type { FilePiece } from '../run/piece.ts';
import { endOthers, markedEnd, runEnd, sameEnd, type RunEnd } from '../run/run-end.ts';
import { throughOf } from '../run/through-of.ts';
import { atComet } from '../tracker-failure.ts';
import { atOnce } from './at-once.ts';
import { CountedOnce } from './counted-once.ts';
import { gathered, type Gathered } from './gathered.ts';
import type { Progress } from './progress.ts';

const MOST_PARAMS = 1_000;

export interface OpenedRun {
  client: CometClient;
  native: CometRun;
  ids: Record<string, string>;
  progress: Progress;
  readArtifact: ReadArtifact | undefined;
  /** Only what was refused before comes. */
  again: boolean;
  /** Called before its end is told: nothing says any more that it goes on, nor is under way. */
  ending(signal: AbortSignal): Promise<void>;
}

export class OnlineRun implements TrackerRun<CometRun> {
  readonly native: CometRun;
  readonly #opened: OpenedRun;
  readonly #counted: CountedOnce;
  /** Others of calls that failed, which are at Comet all the same. */
  readonly #said = new Map<string, string | boolean>();

  constructor(opened: OpenedRun) {
    this.#opened = opened;
    this.native = opened.native;
    this.#counted = new CountedOnce(opened.client, opened.native.experimentKey, opened.progress);
  }

  get ref(): TrackerRunRef {
    const { native, ids, progress } = this.#opened;
    return { id: native.experimentKey, ...(native.url !== undefined && { url: native.url }), ids, state: progress.state };
  }

  async deliver(events: readonly TrackerEvent[], signal: AbortSignal): Promise<Receipt> {
    signal.throwIfAborted();
    const part = beginningOf(events, this.#opened.client);
    const open = this.#opened.progress.open(part, 'rest');
    const { files, refused, ...texts } = gathered(open, this.#opened.again);
    await atComet(() => this.#send(texts, signal), 'a run');
    for (const { file, index, writer, seq } of files) {
      try {
        const why = await this.#upload(file, signal);
        if (why !== undefined) refused.push({ writer, seq, why });
      } catch (error) {
        const before = open.slice(0, index);
        // What came before it is safe, and need not come again.
        if (before.length === 0 || isError(error, Permanent) || signal.aborted) throw error;
        return this.#receipt(
          before,
          refused.filter((one) => before.some(({ writer: of, seq: at }) => of === one.writer && at === one.seq)),
        );
      }
    }
    return this.#receipt(part, refused);
  }

  #receipt(events: readonly TrackerEvent[], rejected: Gathered['refused']): Receipt {
    this.#opened.progress.reach(events, 'rest');
    return { through: throughOf(events), ref: this.ref, ...(rejected.length > 0 && { rejected }) };
  }

  /** All but files. What may be said again first: what comes after it may fail. */
  async #send({ params, others, html, lines, points }: Omit<Gathered, 'files' | 'refused'>, signal: AbortSignal): Promise<void> {
    const { client, native } = this.#opened;
    const key = native.experimentKey;
    await this.#setOthers(others, signal);
    for (let at = 0; at < params.length; at += MOST_PARAMS) await client.logParams(key, params.slice(at, at + MOST_PARAMS), signal);
    if (html !== undefined) await client.setHtml(key, html, signal);
    await this.#counted.sendLines(lines, signal);
    await this.#counted.sendPoints(points, signal);
  }

  /** Each is a request of its own. After a failure those that are there need not be said again. */
  async #setOthers(others: Iterable<readonly [string, string | boolean]>, signal: AbortSignal): Promise<void> {
    const { client, native } = this.#opened;
    const open = Array.from(others).filter(([name, value]) => this.#said.get(name) !== value);
    await atOnce(open, async ([name, value]) => {
      await client.logOther(native.experimentKey, name, value, signal);
      this.#said.set(name, value);
    });
    this.#said.clear();
  }

  /** Gives why the file is refused for good. */
  async #upload(file: FilePiece, signal: AbortSignal): Promise<string | undefined> {
    const { client, native } = this.#opened;
    try {
      const { size, body } = this.#bytesOf(file, signal);
      await atComet(() => client.uploadAsset(native.experimentKey, { fileName: file.path, size, body }, signal), 'a run');
      return undefined;
    } catch (error) {
      if (!isError(error, ArtifactNotFound) && !isRefusal(error)) throw error;
      return `${shownName(file.path)} was not uploaded: ${(error as Error).message}`;
    }
  }

  #bytesOf(file: FilePiece, signal: AbortSignal): { size: number; body: AsyncIterable<Uint8Array> } {
    if (file.kind === 'document') return { size: file.bytes.length, body: oneChunk(file.bytes) };
    const { readArtifact } = this.#opened;
    if (readArtifact === undefined) throw new ArtifactNotFound({ what: file.event.uri, where: 'nothing can read it here' });
    return { size: file.event.size, body: readArtifact(file.event, signal) };
  }

  async close(outcome: Outcome, endedAt: number, signal: AbortSignal, supersededBy?: string): Promise<TrackerRunRef> {
    signal.throwIfAborted();
    await this.#opened.ending(signal);
    await atComet(async () => {
      const { client, native } = this.#opened;
      const others = await client.others(native.experimentKey, signal);
      const end =
        sameEnd(markedEnd(others), runEnd(outcome, endedAt)) ?? (await this.#mark(outcome, runEnd(outcome, endedAt), supersededBy, signal));
      const hasCrashed = end.status === 'failed' || end.status === 'killed';
      await client.updateStatus(native.experimentKey, { isAlive: false, hasCrashed, error: end.error }, signal);
      await client.setTimes(native.experimentKey, { end: end.endedAt }, signal);
    }, 'a run');
    return this.ref;
  }

  /** The mark comes last: with it the end is said. */
  async #mark(outcome: Outcome, end: RunEnd, supersededBy: string | undefined, signal: AbortSignal): Promise<RunEnd> {
    const others = Object.entries(endOthers(outcome, end, supersededBy));
    await this.#setOthers(others.slice(0, -1), signal);
    await this.#setOthers(others.slice(-1), signal);
    return end;
  }
}

/** As many events as can be sent without a long wait, so that a receipt comes soon; at least one. */
function beginningOf(events: readonly TrackerEvent[], client: CometClient): readonly TrackerEvent[] {
  const of = (what: Limited): number => client.freeSoon(what);
  const left = { metric: of('metric'), parameter: of('parameter'), other: of('other'), line: of('line') };
  const end = events.findIndex((event, at) => {
    const [what, count] = limitedIn(event);
    left[what] -= count;
    return at > 0 && left[what] < 0;
  });
  return end === -1 ? events : events.slice(0, end);
}

function limitedIn(event: TrackerEvent): [what: Limited, count: number] {
  switch (event.kind) {
    case 'metrics':
      return ['metric', Object.keys(event.values).length];
    case 'params':
      return ['parameter', Object.keys(event.values).length];
    case 'tags':
      return ['other', Object.keys(event.set).length + (event.remove?.length ?? 0)];
    case 'log':
      return ['line', 1];
    default:
      return ['other', event.kind === 'dataset' ? 1 : 0];
  }
}

/** Was it refused for what was asked, so that it would be refused again? */
function isRefusal(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  return isCometError(cause) && cause.kind === 'invalid';
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
