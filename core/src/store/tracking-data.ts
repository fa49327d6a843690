import type { Json } from '../json.ts';
import type { RunStatus } from '../pipeline/pipeline-spec.ts';
import type { Outcome, TrackerEvent, TrackerRunRef } from '../tracking/experiment-tracker.ts';
import type { MetadataValue } from './run-data.ts';

export interface TrackerRunRecord {
  id: string;
  /** Pipeline run (the parent's) or step run. */
  runId: string;
  component: string;
  flavor: string;
  key: string;
  ref?: TrackerRunRef;
  /** Where the tracker itself says the run stands: `queued` until opened, `running` once opened, then what `close` confirmed. */
  status: RunStatus | 'cached';
  /** What it must reach; undefined while the attempt runs. */
  desired?: Outcome;
  /** Highest seq per writer that is safe at the tracker. */
  acked: Record<string, number>;
  lastError?: string;
  /** Key of the tracker run of the attempt that replaced it. */
  supersededBy?: string;
  rejected: number;
  /** A person gave up what waited for it, or, of one that has ended, what it had refused. */
  dropped?: true;
}

export interface TrackerRunUpdate {
  id: string;
  ref?: TrackerRunRef;
  status?: RunStatus | 'cached';
  acked?: Record<string, number>;
  /** null clears it. */
  lastError?: string | null;
  rejected?: { writer: string; seq: number; why: string }[];
  /** Were set aside, and are so no longer. */
  arrived?: { writer: string; seq: number }[];
  /** Run metadata to record with it (experiment_tracker_url, ids). */
  metadata?: Record<string, MetadataValue>;
}

export interface MetricSummary {
  last: number;
  lastStep: number;
  lastAt: number;
  min: number;
  max: number;
  /** Points, repeats excluded. */
  count: number;
}

export interface TrackedSummary {
  params: Record<string, Json>;
  /** By name; a metric with a context is `context/name`. */
  metrics: Record<string, MetricSummary>;
  tags: Record<string, string>;
  note?: string;
  artifacts: { path: string; uri: string; sha256: string; size: number }[];
  documents: { name: string; mime: string }[];
}

export interface MetricPoint {
  step: number;
  at: number;
  value: number;
}

/** One line of the event log as the local store applies it. */
export type LoggedRecord = { runId: string } & TrackerEvent;
