import { setTimeout as delay } from 'node:timers/promises';

import { Transient } from '../errors.ts';
import { defineFlavor, type DefinedFlavor } from '../stack/define-flavor.ts';
import type {
  ExperimentTracker,
  Outcome,
  Receipt,
  TrackerCapabilities,
  TrackerEvent,
  TrackerRun,
  TrackerRunIdentity,
  TrackerRunRef,
  TrackerRunStart,
} from '../tracking/experiment-tracker.ts';

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
  /** Refuses single events for good. Gives the reason. */
  reject?: (event: TrackerEvent) => string | undefined;
}

/** One tracker run as the recording tracker holds it. */
export interface RecordedRun {
  identity: TrackerRunIdentity;
  start: TrackerRunStart;
  ref: TrackerRunRef;
  status: 'running' | Outcome['status'];
  /** Each event once, in the order in which they came. */
  events: TrackerEvent[];
  /** Sizes of the batches that came, repeats included. */
  batches: number[];
  outcome?: Outcome;
  endedAt?: number;
  supersededBy?: string;
}

const CAPABILITIES: TrackerCapabilities = {
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

/** An experiment tracker for tests: records every call in memory, and fails or delays them as it is told. */
export class RecordingTracker implements ExperimentTracker<RecordedRun> {
  readonly capabilities: TrackerCapabilities;
  /** Every call, as `open train`, `deliver train 3`, `close train completed`, also those that failed. */
  readonly calls: string[] = [];
  /** By key, in the order in which they were opened. */
  readonly runs = new Map<string, RecordedRun>();
  readonly options: RecordingTrackerOptions;

  constructor(options: RecordingTrackerOptions = {}) {
    this.options = options;
    this.capabilities = { ...CAPABILITIES, ids: options.ids ?? 'client', ...options.capabilities };
  }

  /** The run of that name. Throws when there is none. */
  run(name: string): RecordedRun {
    const run = [...this.runs.values()].find(({ start }) => start.name === name);
    if (run === undefined)
      throw new Error(`no tracker run "${name}", only ${[...this.runs.values()].map(({ start }) => start.name).join(', ')}`);
    return run;
  }

  async open(
    identity: TrackerRunIdentity,
    start: TrackerRunStart,
    known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<TrackerRun<RecordedRun>> {
    await this.call('failOpen', `open ${start.name}`, this.options.openDelayMs, signal);
    let run = this.runs.get(identity.key);
    if (run === undefined) {
      const id = known?.id ?? (this.capabilities.ids === 'client' ? identity.key : `server-${this.runs.size + 1}`);
      run = {
        identity,
        start,
        ref: known ?? { id, url: `https://tracker.test/runs/${id}`, ids: { run: id } },
        status: 'running',
        events: [],
        batches: [],
      };
      this.runs.set(identity.key, run);
    }
    return new RecordingRun(this, run);
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
    this.calls.push(what);
    if (delayMs !== undefined && delayMs > 0) await delay(delayMs, undefined, { signal });
    const failure = this.options[failing] ?? 0;
    if (typeof failure !== 'number') throw failure;
    if (failure <= 0) return;
    this.options[failing] = failure - 1;
    throw new Transient(`told to fail: ${what}`);
  }
}

class RecordingRun implements TrackerRun<RecordedRun> {
  readonly native: RecordedRun;
  readonly #tracker: RecordingTracker;
  readonly #seen: Set<string>;

  constructor(tracker: RecordingTracker, run: RecordedRun) {
    this.#seen = new Set(run.events.map(nameOf));
    this.#tracker = tracker;
    this.native = run;
  }

  get ref(): TrackerRunRef {
    return this.native.ref;
  }

  async deliver(events: readonly TrackerEvent[], signal: AbortSignal): Promise<Receipt> {
    const run = this.native;
    const { options } = this.#tracker;
    run.batches.push(events.length);
    await this.#tracker.call('failDeliver', `deliver ${run.start.name} ${events.length}`, options.deliverDelayMs, signal);
    const through: Record<string, number> = {};
    const rejected: Receipt['rejected'] = [];
    for (const event of events) {
      const why = options.reject?.(event);
      if (why !== undefined) rejected.push({ writer: event.writer, seq: event.seq, why });
      else if (!this.#seen.has(nameOf(event))) {
        this.#seen.add(nameOf(event));
        run.events.push(event);
      }
      through[event.writer] = event.seq;
    }
    return { through, ref: run.ref, ...(rejected.length > 0 && { rejected }) };
  }

  async close(outcome: Outcome, endedAt: number, signal: AbortSignal, supersededBy?: string): Promise<TrackerRunRef> {
    const run = this.native;
    await this.#tracker.call('failClose', `close ${run.start.name} ${outcome.status}`, 0, signal);
    if (run.status !== 'running') return run.ref;
    Object.assign(run, { status: outcome.status, outcome, endedAt }, supersededBy !== undefined && { supersededBy });
    return run.ref;
  }
}

const nameOf = ({ writer, seq }: TrackerEvent): string => `${writer} ${seq}`;

/** A flavor whose component is the given tracker, for stacks made in tests. */
export function recordingFlavor(tracker: RecordingTracker, name = 'recording'): DefinedFlavor<'experiment-tracker', RecordingTracker> {
  return defineFlavor({ apiVersion: 1, type: 'experiment-tracker', name, load: async () => ({ create: async () => tracker }) });
}
