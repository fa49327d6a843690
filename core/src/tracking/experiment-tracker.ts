import type { Json } from '../json.ts';

/** How a run, an attempt, a tracker run ended. */
export type Outcome =
  | { status: 'completed' }
  | { status: 'failed'; error: { name: string; message: string; stack?: string } }
  | { status: 'killed'; reason: string }
  | { status: 'cached'; source: { runId: string; url?: string } };

/** What core needs to know to adapt a user's calls; the conformance suite checks each claim. */
export interface TrackerCapabilities {
  /** Who chooses the vendor's run id; with `server`, `open` looks for a run with our key first. */
  ids: 'client' | 'server';
  /** `integer`: core scales or refuses decimal steps by a declared rule, never rounds in silence. */
  step: 'integer' | 'decimal';
  /** Each metric's steps have to rise. What goes back the flavor places elsewhere or refuses, by name: never in silence. */
  monotonicStep: boolean;
  /** `prefix`: the context becomes part of the name, `val/loss`. */
  metricContext: 'native' | 'prefix';
  /** How the runs of one pipeline run belong together. */
  nesting: 'parent' | 'group' | 'tags';
  /** `reference`: only URI and digest are logged. */
  artifacts: 'upload' | 'reference' | 'none';
  /** A closed run may take writes again. */
  reopen: boolean;
  /** Delivers to local files, opening no socket. */
  offline: boolean;
  failure: 'status+message' | 'status' | 'message';
  /** It keeps what runs print: it is sent `log` events, which others are not. Default false. */
  output?: boolean;
  /** `dedup`: the server ignores repeats; `offset`: the flavor keeps an offset in `ref.state`. */
  redelivery: 'dedup' | 'offset';
  limits?: { batch?: number; keyLength?: number; paramLength?: number; perMinute?: number };
}

/** Stable name of one tracker run. `key` is a 32-hex hash, valid as a run id at every vendor. No `stepId`, and attempt 0: the parent of a pipeline run. */
export interface TrackerRunIdentity {
  key: string;
  runId: string;
  stepId?: string;
  mapIndex?: number;
  attempt: number;
  parentKey?: string;
}

export interface TrackerRunStart {
  name: string;
  experiment: string;
  group: string;
  tags: Record<string, string>;
  /** ms since the epoch, UTC. */
  startedAt: number;
  user?: string;
  /** What was run and where, as far as it is known. */
  source?: TrackerRunSource;
  /** Of the parent: what its pipeline was called with, as far as it is short (each at most 1,000 characters of JSON). Absent if there is nothing. */
  params?: Record<string, Json>;
  /** For trackers that upload what is logged: reads the file of an `artifact` event, wherever the run's stack keeps it. */
  readArtifact?: ReadArtifact;
  /** Of the parent tracker run, unless it could not be opened. */
  parent?: TrackerRunRef;
  /** The flavor's own settings: an instance of its settings class, or what its schema gave, defaults filled in. `{}` for a flavor without any. */
  settings: unknown;
  /** Of a parent whose pipeline run had ended and was resumed: an end that it has had counts no more. */
  resumed?: true;
  /** Only events come that were refused before: how far the run came says nothing of them. A part of one may have been taken. */
  again?: true;
}

/**
 * Bytes of a file that a run logged, from the artifact store of the run's stack. Those that are not the ones that were logged are as good as none.
 * Throws `ArtifactNotFound`, before the last bytes come, and `ArtifactStoreFailed`.
 */
export type ReadArtifact = (file: LoggedFile, signal?: AbortSignal) => AsyncIterable<Uint8Array>;

/**
 * `command` as it was given to the system; `file` is what a person would look for, that of `mortise run FILE` or else the script, from the project's folder if it
 * lies there; `commit` of the project's git repository, `dirty` if files there were changed since.
 */
export interface TrackerRunSource {
  command: readonly string[];
  file?: string;
  host?: string;
  commit?: string;
  branch?: string;
  dirty?: boolean;
}

/** All that another process needs to go on; stored by core after every call. Holds no secrets. */
export interface TrackerRunRef {
  id?: string;
  url?: string;
  ids: Record<string, string>;
  state?: Json;
}

/** Where a file that a run logged lies: `key` in the artifact store of the run's stack, `uri` for people; and, as its event says it, what it is. */
export interface LoggedFile {
  key?: string;
  uri: string;
  sha256?: string;
  /** Bytes. */
  size?: number;
}

/** What a person logged. */
export type LoggedEvent =
  | { kind: 'params'; values: Record<string, Json> }
  | { kind: 'tags'; set: Record<string, string>; remove?: string[] }
  | { kind: 'metrics'; values: Record<string, number>; step: number; context?: string }
  | { kind: 'define-metric'; name: string; summary: 'last' | 'min' | 'max' | 'mean'; goal?: 'minimize' | 'maximize'; stepMetric?: string }
  | { kind: 'artifact'; path: string; key?: string; uri: string; sha256: string; size: number; type?: string }
  | { kind: 'note'; markdown: string }
  | { kind: 'dataset'; name: string; digest?: string; source?: string; context?: string }
  /** A line that was printed, without its end; a long one may come in pieces. */
  | { kind: 'log'; stream: 'out' | 'err'; text: string }
  | { kind: 'json'; name: string; mime: string; value: Json };

/**
 * One durable entry of the event log. `seq` rises from 1 without gaps per run (attempt) and writer, `at` is ms UTC.
 * A metric event carries the step that core assigned when the user gave none. NaN and infinities are numbers in memory, strings on disk.
 */
export type TrackerEvent = { writer: string; seq: number; at: number } & LoggedEvent;

/** `through`: highest seq per writer that is safe at the vendor now. `rejected`: refused for good, set aside and shown. */
export interface Receipt {
  through: Record<string, number>;
  rejected?: { writer: string; seq: number; why: string }[];
  ref: TrackerRunRef;
}

/** A sink for what runs log. `open`, `deliver` and `close` are idempotent; they throw `Transient` or `Permanent`, and core does the rest. */
export interface ExperimentTracker<Native = unknown> {
  readonly capabilities: TrackerCapabilities;
  /** Finds or creates: called twice with one identity it returns the same run. May be called days later, in another process. */
  open(id: TrackerRunIdentity, start: TrackerRunStart, known: TrackerRunRef | undefined, signal: AbortSignal): Promise<TrackerRun<Native>>;
  /** Reachable and authorised? */
  check?(signal: AbortSignal): Promise<void>;
  /** Environment with which a spawned process logs into the same run. */
  childEnv?(ref: TrackerRunRef): Record<string, string>;
  [Symbol.asyncDispose]?(): Promise<void>;
}

export interface TrackerRun<Native = unknown> {
  readonly ref: TrackerRunRef;
  /** The vendor's own handle; writes through it are not queued. */
  readonly native: Native;
  /**
   * Sends a batch, in order; partial success is allowed. `closing`: `close` follows at once, and the receipt counts only with it, so that what is
   * saved as a whole may be left to it.
   */
  deliver(events: readonly TrackerEvent[], signal: AbortSignal, closing?: boolean): Promise<Receipt>;
  /** Told once that what logs into it has ended: whoever lets `deliver` wait, since a program of it writes to the same run, need not any more. */
  ending?(): void;
  /** Brings the run to its end. `supersededBy` is the key of the attempt that replaces a failed one. The second call wins nothing. */
  close(outcome: Outcome, endedAt: number, signal: AbortSignal, supersededBy?: string): Promise<TrackerRunRef>;
}
