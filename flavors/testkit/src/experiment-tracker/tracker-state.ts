import type { Json, Outcome } from '@mortise/core';

/** What a tracker itself says of a run, as a person would see it there. */
export interface TrackerState {
  status: 'running' | Outcome['status'];
  /** Text of the error that the run failed with, or the reason why it was killed. */
  error?: string;
  name?: string;
  /** The vendor's id of the parent run. */
  parent?: string;
  group?: string;
  tags: Record<string, string>;
  /** A value may be its text. */
  params: Record<string, Json>;
  /** All points, or the last of each metric if the tracker `lacks` points. */
  metrics: MetricPoint[];
  /** By path. */
  artifacts: Record<string, { uri?: string; sha256?: string; size?: number }>;
  /** Names of what was logged as JSON. */
  documents: string[];
  /** Names. */
  datasets: string[];
  note?: string;
  /** What it printed, in order; in order by stream if the tracker keeps the streams apart. */
  logs?: PrintedLine[];
  /** ms since the epoch, UTC. */
  endedAt?: number;
  /** Whatever says which run replaces this one, or which one its outputs are from. */
  links?: Json;
}

export interface MetricPoint {
  name: string;
  value: number;
  /** Undefined if the tracker `lacks` points. */
  step?: number;
  context?: string;
}

export interface PrintedLine {
  text: string;
  /** Undefined if the tracker does not know it. */
  stream?: 'out' | 'err';
}

/** What some trackers have no place for. */
export type Lack = 'points' | 'documents' | 'datasets' | 'note' | 'endedAt';
