import type { MetadataStore } from '../store/metadata-store.ts';
import type { RunEnvironment } from '../store/run-data.ts';
import type { TrackerRunRecord } from '../store/tracking-data.ts';
import type { JsonObject } from '../json.ts';
import type { SettingsLayer } from '../pipeline/pipeline-spec.ts';
import type { Logger } from '../stack/flavor.ts';
import type { ExperimentTracker, LoggedEvent, Outcome, ReadArtifact } from './experiment-tracker.ts';
import type { ReadTrackerSettings } from './tracker-settings.ts';

/** A tracker of the run's stack, assembled. */
export interface TrackerComponent {
  name: string;
  flavor: string;
  tracker: ExperimentTracker;
  /** Resolves references in what is set for it, and fills in defaults. Throws what keeps that from being done. `by`: who set it, for messages. */
  readSettings?: (given: JsonObject, by: string) => Promise<ReadTrackerSettings>;
}

export interface RunTrackingOptions {
  store: MetadataStore;
  /** `.mortise/logs`; the run's segment is `<logFolder>/<runId>/<writer>.log`. */
  logFolder: string;
  run: {
    id: string;
    name: string;
    pipeline: string;
    experiment: string;
    startedAt: number;
    environment?: Pick<RunEnvironment, 'user' | 'host' | 'command' | 'file' | 'git'>;
    params?: JsonObject;
    tags: Record<string, string>;
    resumed?: boolean;
    readArtifact?: ReadArtifact;
    /** What the pipeline sets for components: for its own tracker runs. */
    settings?: SettingsLayer;
  };
  workerId: string;
  /** In the order of the stack; the first is the default. */
  trackers: readonly TrackerComponent[];
  log: Logger;
  /** How long `native()` and `env()` wait for a tracker run to open, ms. Default 5,000. */
  openTimeoutMs?: number;
  /** How long the end of a run waits for delivery that does not get any further, ms. Default 5,000. */
  drainTimeoutMs?: number;
  /** Told of each tracker that the end of a run has waited for for 2 s. */
  onTrackerWait?: (wait: TrackerWait) => void;
}

/** What an experiment tracker is still to be given. */
export interface TrackerWait {
  /** Name of the component. */
  tracker: string;
  /** Events that it has not confirmed. */
  events: number;
  /** Tracker runs that have not come to their end there. */
  trackerRuns: number;
}

/** One attempt of a step as the tracking room sees it. */
export interface AttemptStart {
  /** Step run id. */
  id: string;
  stepId: string;
  stepName: string;
  mapIndex?: number;
  attempt: number;
  startedAt: number;
  /** Plain values among the inputs: recorded as parameters. */
  params: Record<string, unknown>;
  /** Its tracker runs, as the store made them; empty for an untracked step. */
  trackerRuns: readonly { id: string; key: string; component: string }[];
  /** What is set for its trackers, by name of the component; references are not resolved. */
  settings?: { [component: string]: JsonObject };
  /** Puts a file that the step logs into the run's artifact store. */
  saveFile?(path: string, body: AsyncIterable<Uint8Array> | Uint8Array, size?: number): Promise<SavedFile>;
}

/** What `activeRun()` writes to. */
export interface AttemptTracking {
  readonly runId: string;
  readonly trackerRuns: readonly TrackerHandle[];
  /** Whether any of its trackers keeps what the step prints: only then `log` events are for anybody. */
  readonly keepsOutput: boolean;
  /** Appends to the event log and returns: durable against the end of the process once it returned. `at`: when it happened, ms since the epoch; default now. */
  append(event: LoggedEvent, at?: number): void;
  /** Next step of a metric that was logged without one: 0, 1, 2, ... per name and context. */
  nextStep(name: string, context: string | undefined): number;
  /** Puts a file into the run's artifact store; `path` is relative, with `/`; `size` in bytes, when known. What it gives goes into an `artifact` event. */
  saveFile(path: string, body: AsyncIterable<Uint8Array> | Uint8Array, size?: number): Promise<SavedFile>;
  /** Remembers work (files being saved) that `settled` waits for. */
  pending<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing that was begun is still under way, so that a forgotten `await` loses no file. Never rejects. */
  settled(): Promise<void>;
}

/** A file in the run's artifact store. Size in bytes. */
export interface SavedFile {
  key: string;
  uri: string;
  sha256: string;
  size: number;
}

/** One tracker run of an attempt, opened in the background. */
export interface TrackerHandle {
  readonly component: string;
  readonly flavor: string;
  /** As soon as it is known. */
  readonly url: string | undefined;
  /** Waits for the run to open within the limit, then throws `TrackerUnavailable`. Reading `env` tells the tracker that a program may join. */
  opened(): Promise<{ native: unknown; readonly env: Record<string, string>; url: string | undefined }>;
}

/** Tracker runs of a component that are still to be brought to their end, and what stood in the way. */
export interface Undelivered {
  component: string;
  trackerRuns: number;
  reason: string;
}

/** What a child process logs for attempts of this run. */
export interface FollowedWriter {
  /** The folder of its segments. */
  readonly folder: string;
  /** Takes over what was written since the last time: into the local store and to the trackers, as if it had been logged here. Never rejects. */
  pull(): Promise<void>;
}

/** Everything logged in one run of a pipeline, in this process: the event log, the local tracking store, delivery. */
export interface RunTracking {
  /** Begins an attempt: its tracker runs open in the background (the parent's first), in the order of the event log. */
  begin(attempt: AttemptStart): AttemptTracking;
  /**
   * After the attempt's commit: its tracker runs are brought to `outcome` once its events are delivered, and it is known which ones replace them, if any may.
   * What it logs from now on is not recorded.
   */
  end(attemptId: string, outcome: Outcome, endedAt: number, supersededBy?: Promise<Record<string, string> | undefined>): void;
  /** A short tracker run that marks a cache hit. */
  mark(attempt: Omit<AttemptStart, 'params' | 'saveFile'>, outcome: Outcome): void;
  /** Takes part in what a child process writes to the run's event log under this writer's id. */
  follow(writer: string): FollowedWriter;
  /** Applies what was logged so far to the local store. Called by the scheduler between steps, at most every 50 ms unless `force`. */
  apply(force?: boolean): Promise<void>;
  /** Where the run can be seen, at the first tracker that has told so. */
  readonly url: string | undefined;
  /** For the end of the run: nobody else is to deliver what this process will. Empty when no step was tracked. */
  readonly claim: { claim?: { workerId: string; ms: number; components: readonly string[] } };
  /** The end of the run: applies the rest of the log, closes the parents after all else, waits for delivery as long as it gets further and `hurry` is not aborted, releases the claim, and says what is still to come. */
  finish(outcome: Outcome, endedAt: number, hurry?: AbortSignal): Promise<Undelivered[]>;
  /** The run is another process's now, and so is its delivery: notes how far it came, and lets go. */
  leave(): Promise<void>;
}

export type { TrackerRunRecord };
