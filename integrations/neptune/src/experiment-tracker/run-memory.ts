import type { SetChange } from '../wire/snapshot.ts';

/** What is known of a run at Neptune that bears on what it is sent. */
export interface RunMemory {
  /** It was made, and began. */
  readonly begun: boolean;
  /** How it ended, once it has. */
  readonly ended: string | undefined;
  /** Highest seq of each writer that is settled. */
  readonly acked: ReadonlyMap<string, number>;
  /** Members of `sys/tags` by the name of their tag. */
  readonly tags: ReadonlyMap<string, string>;
  /** Step of the last point of a series, as far as it is known. */
  lastStep(path: string): number | undefined;
}

/** What a run is sent at once, and what is known of it afterwards. Absent: as before. */
export interface RunWrites {
  /** A `Run`, which comes first. */
  create?: Uint8Array;
  snapshots: WrittenSnapshot[];
  refused: Refused[];
  acked?: ReadonlyMap<string, number>;
  /** Null: gone. */
  tags?: ReadonlyMap<string, string | null>;
  steps?: ReadonlyMap<string, number>;
  begun?: boolean;
  /** Null: it counts no more. */
  ended?: string | null;
}

export interface WrittenSnapshot {
  bytes: Uint8Array;
  /** The event that it is of; what is ours has none. */
  event?: EventName;
}

export interface EventName {
  writer: string;
  seq: number;
}

export interface Refused extends EventName {
  why: string;
}

export const NOTHING: RunWrites = { snapshots: [], refused: [] };

export type SetChanges = Map<string, SetChange>;
