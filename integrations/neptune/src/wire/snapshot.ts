// Messages of Neptune 3, as described by neptune-api's descriptors. Copyright (c) Neptune Labs Sp. z o.o., Apache-2.0: see NOTICE.

/** A value of a field. */
export type FieldValue =
  | { kind: 'float'; value: number }
  /** `exact`: its digits, where no number has all of them. */
  | { kind: 'int'; value: number; exact?: string }
  | { kind: 'bool'; value: boolean }
  | { kind: 'string'; value: string }
  /** ms since the epoch, UTC. */
  | { kind: 'timestamp'; value: number }
  | { kind: 'strings'; value: string[] }
  | { kind: 'file'; value: FileRef }
  | { kind: 'histogram'; value: Histogram };

/** A file in Neptune's storage. */
export interface FileRef {
  path: string;
  /** Bytes. */
  size: number;
  mime: string;
}

/** `values` has one less than `edges`. */
export interface Histogram {
  edges: number[];
  values: number[];
}

/** `Run`: makes a run, or finds it. */
export interface CreateRun {
  /** Runs of one family share their id. */
  family: string;
  experiment?: string;
  /** ms since the epoch, UTC. */
  createdAt?: number;
  /** The run that it goes on with from a step on; it has the points before. */
  fork?: { project: string; runId: string; step: number };
}

/** `UpdateRunSnapshot`: what was logged at once, by path. */
export interface Snapshot {
  /** Of what is appended; a decimal with at most six digits. */
  step?: number;
  /** ms since the epoch, UTC. */
  at: number;
  /** What is appended may be replaced by what comes later at its step. */
  isPreview?: boolean;
  assign?: ReadonlyMap<string, FieldValue>;
  /** Points of series. */
  append?: ReadonlyMap<string, FieldValue>;
  /** Members of sets of strings. */
  modify?: ReadonlyMap<string, ReadonlyMap<string, SetChange>>;
}

export type SetChange = 'add' | 'remove';

/** `RunOperation`. */
export interface RunOperation {
  /** `workspace/project`. */
  project: string;
  runId: string;
  create?: CreateRun;
  snapshots: Snapshot[];
}
