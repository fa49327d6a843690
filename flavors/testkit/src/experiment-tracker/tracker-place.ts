import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

import {
  isError,
  Permanent,
  type ExperimentTracker,
  type LoggedEvent,
  type Outcome,
  type ReadArtifact,
  type Receipt,
  type TrackerEvent,
  type TrackerRun,
  type TrackerRunIdentity,
  type TrackerRunRef,
  type TrackerRunStart,
} from '@mortise/core';

import type { ExperimentTrackerBackend, ExperimentTrackerSuite, Fault } from './experiment-tracker-suite.ts';
import type { MetricPoint, TrackerState } from './tracker-state.ts';

export type Clause = (claim: string, prove: (place: TrackerPlace) => Promise<void>) => void;
export type Rejected = NonNullable<Receipt['rejected']>[number];

export const COMPLETED: Outcome = { status: 'completed' };
export const never = (): AbortSignal => new AbortController().signal;

/** A tracker run in a test, and what it was opened with. */
export interface TestRun {
  identity: TrackerRunIdentity;
  start: TrackerRunStart;
  run: TrackerRun;
}

/** A tracker in one test. */
export class TrackerPlace {
  readonly tracker: ExperimentTracker;
  readonly backend: ExperimentTrackerBackend;
  readonly suite: ExperimentTrackerSuite;
  readonly #trackers: ExperimentTracker[];

  static async open(suite: ExperimentTrackerSuite): Promise<TrackerPlace> {
    const backend = await suite.backend();
    return new TrackerPlace(suite, backend, await backend.create());
  }

  private constructor(suite: ExperimentTrackerSuite, backend: ExperimentTrackerBackend, tracker: ExperimentTracker) {
    this.suite = suite;
    this.backend = backend;
    this.tracker = tracker;
    this.#trackers = [tracker];
  }

  /** The tracker in another process. */
  async another(): Promise<ExperimentTracker> {
    const tracker = await this.backend.create();
    this.#trackers.push(tracker);
    return tracker;
  }

  /** A new run, opened. */
  async begin(name = 'train', over: { identity?: Partial<TrackerRunIdentity>; start?: Partial<TrackerRunStart> } = {}): Promise<TestRun> {
    const identity = { ...newIdentity(), ...over.identity };
    const start = { ...newStart(name, identity.runId), ...over.start };
    return { identity, start, run: await this.tracker.open(identity, start, undefined, never()) };
  }

  /**
   * The same run in another process. It knows what core stored, the last ref; or `nothing`, when the process that opened the run died before that
   * was stored.
   */
  async again({ identity, start, run }: TestRun, knows: 'ref' | 'nothing' = 'ref'): Promise<TestRun> {
    const tracker = await this.another();
    const known = knows === 'nothing' ? undefined : stored(run.ref);
    return { identity, start, run: await tracker.open(identity, start, known, never()) };
  }

  /** Sends what was logged as core does: whole batches, what a receipt leaves open again, and what is refused one by one. */
  async send(test: TestRun, events: readonly TrackerEvent[], closing = false): Promise<Rejected[]> {
    const rejected: Rejected[] = [];
    for (let rest = events; rest.length > 0;) {
      const sent = rest;
      const receipt = await test.run.deliver(sent, never(), closing).catch((error: unknown) => refusalOf(error, sent));
      if (receipt === 'one of them') {
        for (const half of halvesOf(sent)) rejected.push(...(await this.send(test, half, closing)));
        return rejected;
      }
      assertHonest(receipt, sent);
      rejected.push(...(receipt.rejected ?? []));
      rest = leftOpen(receipt, sent);
      assert.ok(rest.length < sent.length, `it confirmed none of ${sent.length} events`);
    }
    return rejected;
  }

  /** Sends what was logged. Fails when anything of it is refused. */
  async log(test: TestRun, events: readonly TrackerEvent[], closing = false): Promise<void> {
    assert.deepEqual(await this.send(test, events, closing), [], 'it refused what it should take');
  }

  async close({ run }: TestRun, outcome: Outcome = COMPLETED, endedAt = Date.now(), supersededBy?: string): Promise<TrackerRunRef> {
    return run.close(outcome, endedAt, never(), supersededBy);
  }

  /** What the backend holds of the run. Fails when it holds nothing. */
  async read({ run, start }: TestRun): Promise<TrackerState> {
    const state = await this.backend.read(stored(run.ref));
    assert.ok(state !== undefined, `the backend holds no run "${start.name}"`);
    return state;
  }

  /** Everything fails in this way while `during` runs. */
  async failing(fault: Fault, during: () => Promise<void>): Promise<void> {
    assert.ok(this.backend.fail !== undefined, `the suite lists the fault "${fault}", but its backend has no method fail`);
    const mend = await this.backend.fail(fault);
    try {
      await during();
    } finally {
      await mend();
    }
  }

  lacks(what: NonNullable<ExperimentTrackerSuite['lacks']>[number]): boolean {
    return this.suite.lacks?.includes(what) === true;
  }

  /** Fails unless the backend holds these points, each once, and no others. */
  async assertPoints(test: TestRun, events: readonly TrackerEvent[]): Promise<void> {
    const found = (await this.read(test)).metrics;
    const wanted = events.flatMap(pointsOf);
    if (!this.lacks('points')) return assert.deepEqual(sorted(found), sorted(wanted));
    assert.deepEqual(sorted(found.map(withoutStep)), sorted(lastOf(wanted).map(withoutStep)));
  }

  async end(): Promise<void> {
    for (const tracker of this.#trackers) await tracker[Symbol.asyncDispose]?.();
    await this.backend.remove?.();
  }
}

/** A ref as core gives it back: it was JSON in between. */
export function stored(ref: TrackerRunRef): TrackerRunRef {
  return JSON.parse(JSON.stringify(ref)) as TrackerRunRef;
}

export function newIdentity(): TrackerRunIdentity {
  return { key: randomBytes(16).toString('hex'), runId: `run-${randomBytes(6).toString('hex')}`, stepId: 'train', attempt: 1 };
}

/** Reads the files that the tests log. */
const readArtifact: ReadArtifact = ({ uri }) => createReadStream(fileURLToPath(uri)) as AsyncIterable<Uint8Array>;

export function newStart(name: string, runId: string): TrackerRunStart {
  return { name, experiment: 'testkit', group: runId, tags: { team: 'red' }, startedAt: Date.now() - 60_000, settings: {}, readArtifact };
}

/** Events of one writer as they stand in the log, `seq` rising from `from`. */
export function events(logged: readonly LoggedEvent[], { from = 1, writer = 'w' } = {}): TrackerEvent[] {
  const at = Date.now();
  return logged.map((event, i) => ({ writer, seq: from + i, at: at + i, ...event }));
}

/** A curve of `count` points, the steps rising from `from`. */
export function curve(name: string, count: number, { from = 0 } = {}): LoggedEvent[] {
  return Array.from({ length: count }, (_, i) => ({ kind: 'metrics', values: { [name]: (from + i) / 8 }, step: from + i }));
}

/** What it means that a batch failed: an event alone is refused, among several it is one of them. */
function refusalOf(error: unknown, sent: readonly TrackerEvent[]): Receipt | 'one of them' {
  if (!isError(error, Permanent)) throw error;
  const { writer, seq } = sent[0]!;
  return sent.length > 1
    ? 'one of them'
    : { through: { [writer]: seq }, rejected: [{ writer, seq, why: error.message }], ref: { ids: {} } };
}

function halvesOf<T>(list: readonly T[]): [T[], T[]] {
  return [list.slice(0, list.length >> 1), list.slice(list.length >> 1)];
}

const nameOf = ({ writer, seq }: { writer: string; seq: number }): string => `${writer} ${seq}`;

function leftOpen({ through, rejected = [] }: Receipt, sent: readonly TrackerEvent[]): TrackerEvent[] {
  const refused = new Set(rejected.map(nameOf));
  return sent.filter((event) => event.seq > (through[event.writer] ?? 0) && !refused.has(nameOf(event)));
}

/** A receipt speaks only of what was sent. */
function assertHonest({ through, rejected = [] }: Receipt, sent: readonly TrackerEvent[]): void {
  for (const { writer, seq, why } of rejected) {
    assert.ok(sent.map(nameOf).includes(nameOf({ writer, seq })), `it refused event ${seq}, which was not sent`);
    assert.ok(why.trim() !== '', `it does not say why it refused event ${seq}`);
  }
  for (const [writer, seq] of Object.entries(through)) {
    const highest = Math.max(0, ...sent.filter((event) => event.writer === writer).map((event) => event.seq));
    assert.ok(highest === 0 || seq <= highest, `it confirmed event ${seq}, but ${highest} was the last that was sent`);
  }
}

function pointsOf(event: TrackerEvent): MetricPoint[] {
  if (event.kind !== 'metrics') return [];
  const { step, context } = event;
  return Object.entries(event.values).map(([name, value]) => ({ name, value, step, ...(context !== undefined && { context }) }));
}

function lastOf(points: readonly MetricPoint[]): MetricPoint[] {
  return [...new Map(points.map((point) => [`${point.context ?? ''} ${point.name}`, point])).values()];
}

function withoutStep({ name, value, context }: MetricPoint): MetricPoint {
  return { name, value, ...(context !== undefined && { context }) };
}

/** In one order, and as plain text: numbers of every kind stay what they are. */
function sorted(points: readonly MetricPoint[]): string[] {
  return points.map(({ name, value, step, context }) => `${context ?? '-'} ${name} ${String(step).padStart(20)}: ${value}`).sort();
}
