import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newId } from '../id.ts';
import type { Logger } from '../stack/flavor.ts';
import { projectAt } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { WorkerRecord } from '../store/run-data.ts';
import { openStore } from '../store/open-store.ts';
import { stepContext, type StepContext } from '../tracking/context.ts';
import type { DeliveryPlace } from '../tracking/delivery-place.ts';
import { deliveryWarnings } from '../tracking/delivery-warnings.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import { openRunTracking } from '../tracking/open-run-tracking.ts';
import type {
  AttemptStart,
  AttemptTracking,
  RunTracking,
  RunTrackingOptions,
  TrackerComponent,
  Undelivered,
} from '../tracking/run-tracking.ts';
import { trackerRunKey } from '../tracking/tracker-run-key.ts';

export interface TrackedRunOptions extends Pick<RunTrackingOptions, 'openTimeoutMs' | 'drainTimeoutMs' | 'onTrackerWait'> {
  trackers?: TrackerComponent[];
}

export interface StepOptions extends Partial<Pick<AttemptStart, 'params' | 'mapIndex' | 'saveFile' | 'settings'>> {
  /** Names of the components; default none. */
  trackers?: string[];
}

const OUTCOME: Outcome = { status: 'completed' };

/** A run in a store of its own, whose steps are begun and ended by hand: for tests of tracking and of experiment trackers. */
export class TrackedRun {
  readonly id = newId();
  readonly name: string;
  readonly folder: string;
  readonly store: MetadataStore;
  readonly tracking: RunTracking;
  readonly warnings: string[];
  readonly #components: readonly TrackerComponent[];
  readonly workerId: string;
  readonly #startedAt = Date.now();
  readonly #attempts = new Map<string, { fence: number; step: StepContext }>();

  static async open(options: TrackedRunOptions = {}): Promise<TrackedRun> {
    const folder = mkdtempSync(join(tmpdir(), 'mortise-tracking-'));
    const run = new TrackedRun(folder, await openStore(`sqlite:${join(folder, 'store.db')}`, { create: true }), options);
    await run.#create();
    return run;
  }

  private constructor(folder: string, store: MetadataStore, { trackers = [], ...limits }: TrackedRunOptions) {
    this.folder = folder;
    this.store = store;
    this.name = `wine-${this.id.slice(-4)}`;
    this.warnings = [];
    this.#components = trackers;
    this.workerId = newId();
    const log: Logger = { debug: () => {}, info: () => {}, warn: (message) => void this.warnings.push(message) };
    const run = {
      id: this.id,
      name: this.name,
      pipeline: 'wine',
      experiment: 'wines',
      startedAt: this.#startedAt,
      environment: { user: 'ann', host: 'here', command: [], file: 'wine.ts' },
      params: { rate: 0.1 },
      tags: { team: 'red' },
    };
    this.tracking = openRunTracking({ store, log, logFolder: join(folder, 'logs'), run, workerId: this.workerId, trackers, ...limits });
  }

  /** Begins an attempt of a step. What runs in `inStep` logs into it. */
  async begin(stepId: string, options: StepOptions = {}): Promise<StepContext> {
    const id = newId();
    const { trackers = [], params = {}, mapIndex, ...rest } = options;
    const identity = { stepId, ...(mapIndex !== undefined && { mapIndex }) };
    const startedAt = Date.now();
    const started = await this.store.startAttempt({
      ...identity,
      runId: this.id,
      id,
      stepName: stepId,
      startedAt,
      workerId: this.workerId,
      inputs: {},
      intents: [],
      trackers: trackers.map((component) => {
        const { flavor } = this.#components.find(({ name }) => name === component)!;
        const settings = options.settings?.[component];
        return { component, flavor, ...(settings !== undefined && { settings }) };
      }),
    });
    const { attempt, trackerRuns, fence } = started;
    const tracking = this.tracking.begin({ ...identity, ...rest, id, stepName: stepId, attempt, startedAt, params, trackerRuns });
    const step: StepContext = {
      version: 1,
      pipeline: 'wine',
      runId: this.id,
      runName: this.name,
      stepId,
      stepName: stepId,
      mapIndex,
      attempt,
      signal: new AbortController().signal,
      tracking,
    };
    this.#attempts.set(id, { fence, step });
    return step;
  }

  inStep<T>(step: StepContext, code: () => T): T {
    return stepContext().run(step, code);
  }

  /** Commits the attempt and ends its tracking. */
  async end({ tracking, stepId, mapIndex }: StepContext, outcome: Outcome = OUTCOME, willRetry = false): Promise<void> {
    const { fence, step } = this.#attempts.get(tracking.runId)!;
    const endedAt = Date.now();
    const status = outcome.status === 'cached' ? 'completed' : outcome.status;
    const error = outcome.status === 'failed' ? { error: outcome.error } : {};
    await this.store.commitAttempt({
      id: tracking.runId,
      runId: this.id,
      fence,
      status,
      endedAt,
      versions: [],
      metadata: {},
      cache: false,
      outcome,
      willRetry,
      ...error,
    });
    const next = { runId: this.id, stepId, ...(mapIndex !== undefined && { mapIndex }), attempt: step.attempt + 1 };
    const successors = Object.fromEntries(this.#components.map(({ name }) => [name, trackerRunKey({ ...next, component: name })] as const));
    this.tracking.end(tracking.runId, outcome, endedAt, willRetry ? Promise.resolve(successors) : undefined);
  }

  /** Begins a step, runs code in it, and ends it with what became of it. */
  async step(stepId: string, options: StepOptions, code: (tracking: AttemptTracking) => unknown): Promise<StepContext> {
    const step = await this.begin(stepId, options);
    await this.inStep(step, async () => code(step.tracking));
    await this.end(step);
    return step;
  }

  async finish(outcome: Outcome = OUTCOME, hurry?: AbortSignal): Promise<Undelivered[]> {
    return this.tracking.finish(outcome, Date.now(), hurry);
  }

  /** Ends the run in the store too, as its process does. Gives the warnings of its trackers. */
  async endRun(outcome: Exclude<Outcome, { status: 'cached' }> = { status: 'completed' }): Promise<string[]> {
    await this.tracking.apply(true);
    const { claim } = this.tracking;
    const end = { id: this.id, workerId: this.workerId, status: outcome.status, endedAt: Date.now(), warnings: [], outcome };
    const error = outcome.status === 'failed' ? { error: outcome.error } : {};
    await this.store.finishRun({ ...end, ...error, ...claim });
    await this.tracking.finish(outcome, end.endedAt);
    return deliveryWarnings(this.store, (await this.store.run(this.id))!, await this.store.stepRuns(this.id));
  }

  /** Where another process that looks for what is left would look. */
  place(worker: Partial<WorkerRecord> = {}): DeliveryPlace {
    return {
      store: this.store,
      project: { ...projectAt(this.folder), logsFolder: join(this.folder, 'logs') },
      log: { debug: () => {}, info: () => {}, warn: (message) => void this.warnings.push(message) },
      worker: { id: this.workerId, host: 'here', bootId: 'boot', pidNamespace: 'ns', pid: process.pid, processStartedAt: '1', ...worker },
      isDead: async () => false,
    };
  }

  close(): void {
    this.store.close();
    rmSync(this.folder, { recursive: true });
  }

  async #create(): Promise<void> {
    await this.store.createRun({
      id: this.id,
      name: this.name,
      pipeline: 'wine',
      experiment: 'wines',
      startedAt: this.#startedAt,
      params: { rate: 0.1 },
      tags: { team: 'red' },
      spec: { specVersion: 1, pipeline: 'wine', style: 'function', module: 'wine.ts', params: {}, steps: [] },
      stack: {
        name: 'test',
        components: this.#components.map(({ name, flavor }) => {
          return { type: 'experiment-tracker', name, flavor, config: {}, source: 'test', version: '1' };
        }),
      },
      environment: { user: 'ann', host: 'here', node: process.version, packages: {}, command: [], file: 'wine.ts' },
      worker: { id: this.workerId, host: 'here', bootId: 'boot', pidNamespace: 'ns', pid: process.pid, processStartedAt: '1' },
    });
  }
}
