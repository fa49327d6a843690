import { setTimeout as delay } from 'node:timers/promises';

import {
  Transient,
  type ExperimentTracker,
  type Outcome,
  type Receipt,
  type TrackerCapabilities,
  type TrackerEvent,
  type TrackerRun,
  type TrackerRunIdentity,
  type TrackerRunRef,
  type TrackerRunStart,
} from '@mortise/core';

import { Recording, type RecordedRun } from './recording.ts';

/** How many of the next calls fail with a `Transient` (Infinity: all), or an error that all fail with until it is taken away. */
export type Failing = number | Error;

export interface RecordingTrackerOptions {
  /** Who chooses the run id. Default `client`. */
  ids?: 'client' | 'server';
  capabilities?: Partial<TrackerCapabilities>;
  failOpen?: Failing;
  failDeliver?: Failing;
  failClose?: Failing;
  /** How long each call takes, ms. Default: it ends at once. */
  openDelayMs?: number;
  deliverDelayMs?: number;
  closeDelayMs?: number;
  /** Refuses single events for good. Gives the reason. */
  reject?: (event: TrackerEvent) => string | undefined;
  /** What it remembers, to be shared with other trackers. Default: its own, in memory. */
  recording?: Recording;
}

export const RECORDING_CAPABILITIES: TrackerCapabilities = {
  ids: 'client',
  step: 'decimal',
  monotonicStep: false,
  metricContext: 'native',
  nesting: 'parent',
  artifacts: 'reference',
  reopen: true,
  offline: true,
  failure: 'status+message',
  redelivery: 'dedup',
};

/** An experiment tracker for tests: records every call, and fails or delays them as it is told. */
export class RecordingTracker implements ExperimentTracker<RecordedRun> {
  readonly capabilities: TrackerCapabilities;
  readonly recording: Recording;
  readonly options: RecordingTrackerOptions;

  constructor(options: RecordingTrackerOptions = {}) {
    this.options = options;
    this.recording = options.recording ?? new Recording();
    this.capabilities = { ...RECORDING_CAPABILITIES, ids: options.ids ?? 'client', ...options.capabilities };
  }

  /** Every call, as `open train`, `deliver train 3`, `close train completed`, also those that failed. */
  get calls(): string[] {
    this.recording.refresh();
    return this.recording.calls;
  }

  /** By key, in the order in which they were opened. */
  get runs(): Map<string, RecordedRun> {
    this.recording.refresh();
    return this.recording.runs;
  }

  /** The run of that name. Throws when there is none. */
  run(name: string): RecordedRun {
    const runs = [...this.runs.values()];
    const run = runs.find(({ start }) => start.name === name);
    if (run === undefined) throw new Error(`no tracker run "${name}", only ${runs.map(({ start }) => start.name).join(', ')}`);
    return run;
  }

  async open(
    identity: TrackerRunIdentity,
    start: TrackerRunStart,
    known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<TrackerRun<RecordedRun>> {
    await this.call('failOpen', `open ${start.name}`, this.options.openDelayMs, signal);
    if (!this.runs.has(identity.key))
      this.recording.add({ opened: identity, start: this.#shownStart(start), ref: known ?? this.#newRef(identity) });
    const run = this.recording.runs.get(identity.key)!;
    return new RecordingRun(this, run, known?.state === undefined ? run.ref : { ...run.ref, state: known.state });
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.call('failOpen', 'check', 0, signal);
  }

  childEnv(ref: TrackerRunRef): Record<string, string> {
    return { RECORDING_RUN_ID: ref.id ?? '' };
  }

  /** Notes a call, waits, and fails if it is to. */
  async call(
    failing: 'failOpen' | 'failDeliver' | 'failClose',
    what: string,
    delayMs: number | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    this.recording.add({ call: what });
    signal.throwIfAborted();
    if (delayMs !== undefined && delayMs > 0) await delay(delayMs, undefined, { signal });
    const failure = this.options[failing] ?? 0;
    if (typeof failure !== 'number') throw failure;
    if (failure <= 0) return;
    this.options[failing] = failure - 1;
    throw new Transient(`told to fail: ${what}`);
  }

  /** Where runs have neither parents nor groups, a tag says what they belong to. */
  #shownStart(start: TrackerRunStart): TrackerRunStart {
    return this.capabilities.nesting === 'tags' ? { ...start, tags: { ...start.tags, group: start.group } } : start;
  }

  #newRef({ key }: TrackerRunIdentity): TrackerRunRef {
    const id = this.capabilities.ids === 'client' ? key : `server-${this.recording.runs.size + 1}`;
    return { id, url: `https://tracker.test/runs/${id}`, ids: { recording_run_id: id } };
  }
}

class RecordingRun implements TrackerRun<RecordedRun> {
  readonly native: RecordedRun;
  ref: TrackerRunRef;
  readonly #tracker: RecordingTracker;

  constructor(tracker: RecordingTracker, run: RecordedRun, ref: TrackerRunRef) {
    this.#tracker = tracker;
    this.native = run;
    this.ref = ref;
  }

  async deliver(events: readonly TrackerEvent[], signal: AbortSignal): Promise<Receipt> {
    const { options, recording, capabilities } = this.#tracker;
    const { identity, start } = this.native;
    recording.add({ batch: events.length, of: identity.key });
    await this.#tracker.call('failDeliver', `deliver ${start.name} ${events.length}`, options.deliverDelayMs, signal);
    const through: Record<string, number> = {};
    const rejected: Receipt['rejected'] = [];
    const taken: TrackerEvent[] = [];
    for (const event of events) {
      const why = options.reject?.(event);
      if (why === undefined) taken.push(event);
      else rejected.push({ writer: event.writer, seq: event.seq, why });
      through[event.writer] = event.seq;
    }
    if (capabilities.redelivery === 'offset') this.#takeFromOffset(taken, through);
    else recording.add({ events: taken, of: identity.key });
    return { through, ref: this.ref, ...(rejected.length > 0 && { rejected }) };
  }

  async close(outcome: Outcome, endedAt: number, signal: AbortSignal, supersededBy?: string): Promise<TrackerRunRef> {
    const { options, recording } = this.#tracker;
    const { identity, start } = this.native;
    await this.#tracker.call('failClose', `close ${start.name} ${outcome.status}`, options.closeDelayMs, signal);
    recording.add({ closed: outcome, endedAt, of: identity.key, ...(supersededBy !== undefined && { supersededBy }) });
    return this.ref;
  }

  /** Only the ref knows what was sent: as with a server that takes everything that comes. */
  #takeFromOffset(events: TrackerEvent[], through: Record<string, number>): void {
    const sent = (this.ref.state ?? {}) as Record<string, number>;
    const fresh = events.filter(({ writer, seq }) => seq > (sent[writer] ?? 0));
    this.#tracker.recording.add({ events: fresh, of: this.native.identity.key, raw: true });
    const state = { ...sent };
    for (const [writer, seq] of Object.entries(through)) state[writer] = Math.max(seq, state[writer] ?? 0);
    this.ref = { ...this.ref, state };
  }
}
