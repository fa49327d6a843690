/** What a run begins with. Absent fields are left to the server (or, offline, to the one who syncs). */
export interface RunStart {
  /** Chosen by the client; letters, digits, `-` and `_`. Names the run for ever: its URL ends in it. */
  id: string;
  entity?: string;
  project?: string;
  displayName?: string;
  group?: string;
  jobType?: string;
  notes?: string;
  tags?: readonly string[];
  /** Plain values, not yet wrapped in `{value}`. Nested objects stay nested. */
  config: Readonly<Record<string, unknown>>;
  /** ms since the epoch, UTC. */
  startedAt: number;
  host?: string;
  /** The script that a person started. */
  program?: string;
  /** It was begun before: what was logged then stays. */
  resumed?: true;
}

/** One row of a run's history: what was logged at one step. NaN and the infinities are numbers here; values may be nested. */
export interface HistoryRow {
  [name: string]: unknown;
  /** A whole number from 0 that rises from row to row. */
  _step: number;
  /** Seconds since the epoch. */
  _timestamp: number;
  /** Seconds since the run's start. */
  _runtime: number;
}

/** What the machine did at one time, beside the steps: shown as system metrics. */
export interface SystemRow {
  /** Begins with `system.`. */
  [name: string]: unknown;
  /** Seconds since the epoch. */
  _timestamp: number;
  /** Seconds since the run's start. */
  _runtime: number;
}

/** A line of the console, without its line end. `at` in ms since the epoch. */
export interface OutputLine {
  stream: 'out' | 'err';
  text: string;
  at: number;
}

/** How a metric is summed up and drawn. */
export interface MetricDefinition {
  /** A metric's name as it stands in the rows, or one that ends in `*` for all that begin so. */
  name: string;
  /** What stands in the summary instead of the last value; several are held beside each other, as `{"min": 0.1, "max": 2}`. `none`: nothing. */
  summary?: readonly MetricSummary[];
  /** The metric that is its x axis. */
  stepMetric?: string;
  goal?: 'minimize' | 'maximize';
  /** Not drawn by itself. */
  hidden?: boolean;
}

export type MetricSummary = 'min' | 'max' | 'mean' | 'first' | 'last' | 'none';

/** A file's bytes; `read` begins anew with every call. */
export interface FileSource {
  read(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** A versioned set of files. `path` is relative, with `/`. */
export interface LoggedArtifact {
  name: string;
  type: string;
  description?: string;
  metadata?: Readonly<Record<string, unknown>>;
  /** `latest` is always among them at the server. */
  aliases?: readonly string[];
  files: readonly (FileSource & { path: string })[];
  /** Files that stay where they are. `digest`: whatever tells two versions apart, such as an ETag. */
  references?: readonly { path: string; uri: string; digest: string; size?: number }[];
}

/** What a version of an artifact was called by the client that made it, before the server gave it an id. */
export interface ArtifactIds {
  clientId: string;
  /** Of all versions of one name. */
  sequenceClientId: string;
}

/** `waitDuration` in ms: a second alert of this title within it is not sent. Default 60,000. */
export interface RunAlert {
  title: string;
  text: string;
  level?: 'INFO' | 'WARN' | 'ERROR';
  waitDuration?: number;
}

/** Later words on how a run is called. `tags` replace the earlier ones. */
export type RunDescription = Pick<RunStart, 'displayName' | 'group' | 'jobType' | 'notes' | 'tags'>;

/**
 * Where a run's records go, online or offline. Calls that return nothing only take note: `flush` says when what was given before it is safe.
 * All of them fail after `exit`.
 */
export interface RunWriter {
  /** Appends rows; each `_step` above the one before. The summary's last values are taken from them. */
  history(rows: readonly HistoryRow[]): void;
  systemMetrics(rows: readonly SystemRow[]): void;
  /** Sets these keys of the config, and leaves the others. */
  config(update: Readonly<Record<string, unknown>>): void;
  /** Sets these keys of the summary beside those that come from the history. */
  summary(update: Readonly<Record<string, unknown>>): void;
  output(lines: readonly OutputLine[]): void;
  defineMetric(definition: MetricDefinition): void;
  describe(description: RunDescription): void;
  /** A file of the run at `path`, relative with `/`; a second one of a path replaces the first. */
  file(path: string, source: FileSource, signal?: AbortSignal): Promise<void>;
  /** Gives by which names rows and the summary may point to it. */
  artifact(artifact: LoggedArtifact, signal?: AbortSignal): Promise<ArtifactIds>;
  alert(alert: RunAlert, signal?: AbortSignal): Promise<void>;
  /** Resolves when all that was given is safe: at the server, or on disk. */
  flush(signal?: AbortSignal): Promise<void>;
  /** Brings the run to its end, and all to safety. 0 is success; any other code is shown as failed. */
  exit(code: number, runtimeSeconds: number, signal?: AbortSignal): Promise<void>;
}
