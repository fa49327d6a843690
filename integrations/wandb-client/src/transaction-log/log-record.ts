import type { MetricDefinition, OutputLine, RunAlert, RunStart } from '../run-records.ts';

/**
 * What a `.wandb` file tells, record by record, as far as it is a run's own data; what a record does not say is absent. Kinds that are not listed
 * here (sweeps, requests and so on) are `other`.
 */
export type LogRecord =
  | { kind: 'header'; producer: string; minConsumer: string }
  | { kind: 'run'; run: LoggedRun }
  | { kind: 'config'; update: readonly ValueAt[]; remove: readonly (readonly string[])[] }
  | { kind: 'history'; row: Record<string, unknown> }
  /** System metrics; names begin with `system.`, `at` in ms since the epoch. */
  | { kind: 'stats'; at: number; values: Record<string, unknown> }
  | { kind: 'summary'; update: readonly ValueAt[]; remove: readonly (readonly string[])[] }
  | { kind: 'output'; stream: OutputLine['stream']; at: number; text: string }
  | { kind: 'metric'; definition: MetricDefinition; stepSync: boolean }
  | { kind: 'telemetry'; telemetry: Telemetry }
  | { kind: 'environment'; environment: Environment }
  | { kind: 'files'; paths: readonly string[] }
  | { kind: 'artifact'; artifact: ArtifactRecord }
  | { kind: 'alert'; alert: RunAlert }
  | { kind: 'exit'; code: number; runtimeSeconds: number }
  | { kind: 'footer' }
  | { kind: 'other' };

/** A value of a config or summary. `path`: the keys that lead to it, one for a plain name. */
export interface ValueAt {
  path: readonly string[];
  value: unknown;
}

/** `config` as it was at the time; later `config` records change it. */
export type LoggedRun = Omit<RunStart, 'program' | 'config'> & { config: readonly ValueAt[]; telemetry?: Telemetry };

/** What made the run. `platform` such as `linux-x64`. */
export interface Telemetry {
  offline?: boolean;
  platform?: string;
}

/** Where the run ran; times in ms since the epoch. */
export interface Environment {
  os?: string;
  startedAt?: number;
  program?: string;
  host?: string;
}

/** One version of an artifact with its manifest. */
export interface ArtifactRecord {
  runId: string;
  entity?: string;
  project?: string;
  type: string;
  name: string;
  /** MD5 of the manifest in hex. */
  digest: string;
  description?: string;
  /** JSON. */
  metadata?: string;
  aliases: readonly string[];
  /** 128 characters, chosen at random. */
  clientId: string;
  sequenceClientId: string;
  entries: readonly ManifestEntry[];
  /** Of a manifest that is too large for a record: the absolute path of its entries, a line of JSON each, zipped. Only read. */
  entriesPath?: string;
}

/** A file of an artifact: its base64 MD5, size in bytes and absolute path; or a reference, whose digest is whatever its owner tells. */
export interface ManifestEntry {
  path: string;
  digest: string;
  size: number;
  localPath?: string;
  ref?: string;
  /** Of a digest that is another than MD5: `XXH128`. Only read. */
  algorithm?: string;
}
