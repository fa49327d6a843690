import type { LoggedEvent, Outcome } from '../tracking/experiment-tracker.ts';

/**
 * Reads runs that another tracker has kept. The default export of an integration's `./import` makes one:
 * @example
 * export default async function importer(from: string, options: RunImportOptions): Promise<RunImporter>
 */
export interface RunImporter {
  /** Of whom they are: `wandb`, `comet`, `neptune`, `mlflow`. Together with a run's `id` it names the run for ever, so that a second import finds it. */
  readonly vendor: string;
  /**
   * The runs, in an order that stays, each read when its events are asked for: no run is held in memory.
   * Throws `ImportFailed` with one line if there is nothing at `from` that it can read. A run of which not even this much can be read has `unreadable`: the
   * others go on.
   */
  runs(signal: AbortSignal): AsyncIterable<ImportedRun>;
}

export interface RunImportOptions {
  /** For keys and addresses, as the vendor's own client reads them. */
  env: Record<string, string | undefined>;
  /** Only runs of this experiment or project are asked for: others need not be read, and are left out if they are. Undefined: all. */
  experiment?: string;
  /**
   * Tells a person, in one line, of something that could not be taken over. `run`: of which it is; what is the same of several is told once, when all are
   * read, with how many they are.
   */
  warn(message: string, run?: Pick<ImportedRun, 'id' | 'name'>): void;
}

/** What the module that `mortise import` loads exports as its default. Throws `ImportFailed` if it is plain that nothing can be read. */
export type RunImporterFactory = (from: string, options: RunImportOptions) => Promise<RunImporter>;

/** A run as its vendor tells of it. Times are ms since the epoch, UTC. */
export interface ImportedRun {
  /** At the vendor: of no other run, whatever its project. */
  id: string;
  name: string;
  /** Project or experiment. */
  experiment: string;
  startedAt: number;
  endedAt?: number;
  /** Undefined if it has not come to an end: it is imported as `killed`, which says so. */
  outcome?: Outcome;
  /** How it is called by those with which it belongs together. */
  group?: string;
  user?: string;
  url?: string;
  /** The program that logged it, with its version: `wandb 0.31.0`. */
  client?: string;
  /** Why it cannot be read, in one line; `id` and `name` are then those of its file, the rest is not looked at. */
  unreadable?: string;
  /** What it logged, in the order in which it did, as far as that is known; each read anew by every call. */
  events(signal: AbortSignal): AsyncIterable<ImportedEvent>;
}

/** `at`: when it was logged, ms since the epoch, UTC. A file comes with its bytes. */
export type ImportedEvent = { at: number } & (Exclude<LoggedEvent, { kind: 'artifact' }> | ImportedFile);

/** Bytes are asked for once, and before the next event. */
export interface ImportedFile {
  kind: 'artifact';
  /** Relative, with `/`. */
  path: string;
  /** Media type or kind. */
  type?: string;
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
}
