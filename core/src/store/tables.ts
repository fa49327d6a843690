import type { Generated } from 'kysely';
import type { RunStatus, StepStatus } from '../pipeline/pipeline-spec.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { MetadataValue } from './run-data.ts';
import type { InputRecord } from './step-data.ts';

/** The tables as Kysely sees them. JSON columns hold text. What each is for stands in `migrations/`. */
export interface Tables {
  /** SQLite's own list of what is in the file. */
  sqlite_master: { name: string };
  meta: { store_id: string; schema_version: number; min_core: string };
  workers: { id: string; host: string; boot_id: string; pid_ns: string; pid: number; process_started_at: string; beat_at: number | null };
  flavors: { type: ComponentType; name: string; source: string; version: string; descriptor: string; problem: Generated<string | null> };
  components: {
    id: string;
    type: ComponentType;
    name: string;
    flavor: string;
    config: string;
    created_at: number;
    labels: string;
    updated_at: number | null;
  };
  stacks: { id: string; name: string; created_at: number; labels: string; updated_at: number | null };
  stack_components: { stack_id: string; component_id: string; position: number };
  secrets: { name: string; keys: string; sealed: string; key_id: string; created_at: number; updated_at: number | null };
  snapshots: { hash: string; kind: 'spec' | 'stack' | 'env'; json: string };
  experiments: { id: string; name: string; created_at: number };
  runs: RunsTable;
  run_sessions: { run_id: string; n: number; worker_id: string; started_at: number; ended_at: number | null; how: 'start' | 'resume' };
  step_runs: StepRunsTable;
  cache: { cache_key: string; step_run_id: string };
  names: { id: Generated<number>; kind: NameKind; text: string };
  params: { run_id: string; name_id: number; type: ParamType; text: string; num: number | null };
  tags: { entity: 'run'; entity_id: string; name_id: number; value: string };
  metadata: { entity: MetadataEntity; entity_id: string; name_id: number; type: MetadataValue['type']; value: string };
  metric_series: MetricSeriesTable;
  metric_points: { series_id: number; step: number; micro: number; at: number; special: number; value: number };
  documents: { run_id: string; name: string; mime: string; json: string; at: number };
  logged_artifacts: { run_id: string; path: string; uri: string; sha256: string; size: number; type: string | null; at: number };
  event_segments: {
    id: string;
    run_id: string;
    worker_id: string;
    uri: string;
    opened_at: number;
    applied_offset: number;
    applied_lines: number;
    sealed: number;
  };
  tracker_runs: TrackerRunsTable;
  rejected_events: { tracker_run_key: string; writer: string; seq: number; why: string };
  artifacts: { id: string; name: string };
  artifact_versions: ArtifactVersionsTable;
  artifact_refs: { run_id: string; role: 'input' | 'output'; name: string; version_id: string; selector: number };
}

export type NameKind = 'param' | 'tag' | 'metric' | 'context' | 'metadata';
export type ParamType = 'string' | 'number' | 'boolean' | 'json';
export type MetadataEntity = 'run' | 'version';

export interface RunsTable {
  id: string;
  kind: 'pipeline' | 'step';
  parent_id: string | null;
  experiment_id: string;
  /** Only of kind `pipeline`. */
  pipeline: string | null;
  name: string;
  status: StepStatus;
  stack: string | null;
  user: string | null;
  started_at: number;
  ended_at: number | null;
  error_name: string | null;
  error_message: string | null;
  error_stack: string | null;
  note: string | null;
  warnings: string | null;
  cancel_requested_at: number | null;
  deleted_at: number | null;
  spec_hash: string | null;
  stack_hash: string | null;
  env_hash: string | null;
}

export interface StepRunsTable {
  run_id: string;
  pipeline_run_id: string;
  step_id: string;
  /** -1: the step is not mapped. */
  map_index: number;
  /** 0: it did not run (cached, skipped). */
  attempt: number;
  worker_id: string;
  fence: number;
  /** `InputRecord` by name. */
  inputs: string;
  /** `VersionIntent[]`; NULL for a step that did not run. */
  intents: string | null;
  cache_key: string | null;
  not_cached: string | null;
  reason: string | null;
  source_step_run_id: string | null;
}

export interface MetricSeriesTable {
  id: Generated<number>;
  run_id: string;
  name_id: number;
  /** 0: no context. */
  context_id: number;
  n: number;
  last: number;
  last_special: number;
  last_step: number;
  last_micro: number;
  last_at: number;
  /** NULL while every value was NaN. */
  min: number | null;
  max: number | null;
}

export interface TrackerRunsTable {
  key: string;
  run_id: string;
  position: number;
  component: string;
  flavor: string;
  status: RunStatus | 'cached';
  ref: string | null;
  url: string | null;
  desired: string | null;
  acked: string;
  last_error: string | null;
  superseded_by: string | null;
  pipeline_run_id: string;
  /** JSON of what the step sets for this component. */
  settings: string | null;
  claim_worker: string | null;
  claim_until: number | null;
  dropped_at: number | null;
}

export interface ArtifactVersionsTable {
  id: string;
  artifact_id: string;
  number: number | null;
  state: 'pending' | 'available' | 'deleting' | 'deleted';
  store_id: string;
  /** Of a pending one. */
  key_prefix: string | null;
  /** Of a pending one. */
  worker_id: string | null;
  producer_run_id: string;
  created_at: number;
  output: string | null;
  key: string | null;
  manifest: string | null;
  size: number | null;
  sha256: string | null;
  materializer: string | null;
  materializer_version: number | null;
  meta: string | null;
}

export type Inputs = { [name: string]: InputRecord };
