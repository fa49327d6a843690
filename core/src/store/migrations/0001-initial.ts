import type { Migration } from '../migrate.ts';

/**
 * Ids are UUIDv7 as 32 hex digits, times ms UTC, text is compared byte by byte. Tables keyed by such ids are WITHOUT ROWID: one tree less to write.
 * Tables filled from the event log have no foreign keys, so that no line of a log can block the lines behind it. Neither have columns without an index of
 * their own: each delete from the table they point to would look through all of theirs.
 */
export const initial: Migration = {
  version: 1,
  minCore: '0.1.0',
  sql: `
-- Processes. beat_at: last heartbeat; NULL while there was none.
CREATE TABLE workers (
  id TEXT PRIMARY KEY, host TEXT NOT NULL, boot_id TEXT NOT NULL, pid_ns TEXT NOT NULL, pid INTEGER NOT NULL, process_started_at TEXT NOT NULL,
  beat_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE flavors (
  type TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL, version TEXT NOT NULL, descriptor TEXT NOT NULL,
  PRIMARY KEY (type, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE components (
  id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, flavor TEXT NOT NULL, config TEXT NOT NULL, created_at INTEGER NOT NULL,
  UNIQUE (type, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE stacks (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE stack_components (
  stack_id TEXT NOT NULL REFERENCES stacks (id) ON DELETE CASCADE, position INTEGER NOT NULL,
  component_id TEXT NOT NULL REFERENCES components (id),
  PRIMARY KEY (stack_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX stack_components_component ON stack_components (component_id);

-- What a run was made of, immutable; runs of one plan, stack and environment share them.
CREATE TABLE snapshots (hash TEXT PRIMARY KEY, kind TEXT NOT NULL, json TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE experiments (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Runs of pipelines (kind 'pipeline') and attempts of steps (kind 'step', with a row in step_runs). A pipeline run that was deleted has no pipeline: it
-- stays, found by nobody, while other runs use what its steps made, and until garbage was collected.
CREATE TABLE runs (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, parent_id TEXT, experiment_id TEXT NOT NULL REFERENCES experiments (id),
  pipeline TEXT, name TEXT NOT NULL, status TEXT NOT NULL, stack TEXT, user TEXT, started_at INTEGER NOT NULL, ended_at INTEGER,
  error_name TEXT, error_message TEXT, error_stack TEXT, note TEXT, warnings TEXT, cancel_requested_at INTEGER, deleted_at INTEGER,
  spec_hash TEXT REFERENCES snapshots (hash), stack_hash TEXT REFERENCES snapshots (hash), env_hash TEXT REFERENCES snapshots (hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_deleted ON runs (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE UNIQUE INDEX runs_name ON runs (name) WHERE pipeline IS NOT NULL;
CREATE INDEX runs_started ON runs (started_at, id) WHERE pipeline IS NOT NULL;
CREATE INDEX runs_pipeline ON runs (pipeline, started_at, id) WHERE pipeline IS NOT NULL;
CREATE INDEX runs_experiment ON runs (experiment_id, started_at, id) WHERE pipeline IS NOT NULL;
CREATE INDEX runs_status ON runs (status, started_at, id) WHERE pipeline IS NOT NULL;
CREATE INDEX runs_stack ON runs (stack, started_at, id) WHERE pipeline IS NOT NULL;

CREATE TABLE run_sessions (
  run_id TEXT NOT NULL REFERENCES runs (id), n INTEGER NOT NULL, worker_id TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER,
  how TEXT NOT NULL,
  PRIMARY KEY (run_id, n)
) STRICT, WITHOUT ROWID;

-- intents: the versions that the outputs of an attempt will become. Unless it completed, there may be bytes under their prefixes.
CREATE TABLE step_runs (
  run_id TEXT PRIMARY KEY REFERENCES runs (id), pipeline_run_id TEXT NOT NULL, step_id TEXT NOT NULL, map_index INTEGER NOT NULL,
  attempt INTEGER NOT NULL, worker_id TEXT NOT NULL, fence INTEGER NOT NULL, inputs TEXT NOT NULL, intents TEXT, cache_key TEXT, not_cached TEXT, reason TEXT,
  source_step_run_id TEXT REFERENCES step_runs (run_id),
  UNIQUE (pipeline_run_id, step_id, map_index, attempt)
) STRICT, WITHOUT ROWID;

CREATE INDEX step_runs_source ON step_runs (source_step_run_id) WHERE source_step_run_id IS NOT NULL;

CREATE TABLE cache (
  cache_key TEXT NOT NULL, step_run_id TEXT NOT NULL,
  PRIMARY KEY (cache_key, step_run_id)
) STRICT, WITHOUT ROWID;

-- Names of params, tags, metrics, their contexts and metadata, each kept once.
CREATE TABLE names (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (kind, text)) STRICT;

CREATE TABLE params (
  run_id TEXT NOT NULL, name_id INTEGER NOT NULL, type TEXT NOT NULL, text TEXT NOT NULL, num REAL,
  PRIMARY KEY (run_id, name_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
  entity TEXT NOT NULL, entity_id TEXT NOT NULL, name_id INTEGER NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (entity, entity_id, name_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_value ON tags (name_id, value, entity, entity_id);

CREATE TABLE metadata (
  entity TEXT NOT NULL, entity_id TEXT NOT NULL, name_id INTEGER NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (entity, entity_id, name_id)
) STRICT, WITHOUT ROWID;

-- One metric of one run, in one context, with its summary. A double holds infinities but SQL has no NaN: special is 1 for it (2 +inf, 3 -inf in points).
CREATE TABLE metric_series (
  id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, name_id INTEGER NOT NULL, context_id INTEGER NOT NULL, n INTEGER NOT NULL,
  last REAL NOT NULL, last_special INTEGER NOT NULL, last_step INTEGER NOT NULL, last_micro INTEGER NOT NULL, last_at INTEGER NOT NULL,
  min REAL, max REAL,
  UNIQUE (run_id, name_id, context_id)
) STRICT;

-- The key is the whole row, so that an exact repeat is ignored. micro: decimal millionths of a step, 0 to 999999.
CREATE TABLE metric_points (
  series_id INTEGER NOT NULL, step INTEGER NOT NULL, micro INTEGER NOT NULL, at INTEGER NOT NULL, special INTEGER NOT NULL, value REAL NOT NULL,
  PRIMARY KEY (series_id, step, micro, at, special, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (
  run_id TEXT NOT NULL, name TEXT NOT NULL, mime TEXT NOT NULL, json TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE logged_artifacts (
  run_id TEXT NOT NULL, path TEXT NOT NULL, uri TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, type TEXT, at INTEGER NOT NULL,
  PRIMARY KEY (run_id, path)
) STRICT, WITHOUT ROWID;

-- Where each event log lies and how much of it is applied here. applied_lines: lines before applied_offset.
CREATE TABLE event_segments (
  id TEXT PRIMARY KEY, run_id TEXT NOT NULL, worker_id TEXT NOT NULL, uri TEXT NOT NULL, opened_at INTEGER NOT NULL,
  applied_offset INTEGER NOT NULL, applied_lines INTEGER NOT NULL, sealed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX event_segments_run ON event_segments (run_id);
CREATE INDEX event_segments_open ON event_segments (run_id) WHERE sealed = 0;

-- position: in the order of the step's trackers. claim_*: which process brings it to its end once its run is over, and until when (ms).
-- dropped_at: when a person gave it up.
CREATE TABLE tracker_runs (
  key TEXT PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs (id), position INTEGER NOT NULL, component TEXT NOT NULL, flavor TEXT NOT NULL, status TEXT NOT NULL,
  ref TEXT, url TEXT, desired TEXT, acked TEXT NOT NULL, last_error TEXT, superseded_by TEXT, pipeline_run_id TEXT NOT NULL, settings TEXT,
  claim_worker TEXT, claim_until INTEGER, dropped_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tracker_runs_run ON tracker_runs (run_id, position);
CREATE INDEX tracker_runs_of ON tracker_runs (pipeline_run_id, component);
CREATE INDEX tracker_runs_due ON tracker_runs (component, pipeline_run_id)
  WHERE desired IS NOT NULL AND status IN ('queued', 'running') AND dropped_at IS NULL;

CREATE TABLE rejected_events (
  tracker_run_key TEXT NOT NULL REFERENCES tracker_runs (key), writer TEXT NOT NULL, seq INTEGER NOT NULL, why TEXT NOT NULL,
  PRIMARY KEY (tracker_run_key, writer, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT, WITHOUT ROWID;

-- Those of steps from their commit on. One that a run makes outside of its steps is 'pending' from before its bytes are written until the commit that
-- gives it its number. 'deleting' when nothing reads it any more and its bytes may be going; 'deleted' keeps its number from being given twice.
CREATE TABLE artifact_versions (
  id TEXT PRIMARY KEY, artifact_id TEXT NOT NULL REFERENCES artifacts (id), number INTEGER, state TEXT NOT NULL, store_id TEXT NOT NULL,
  key_prefix TEXT, worker_id TEXT, producer_run_id TEXT NOT NULL, created_at INTEGER NOT NULL,
  output TEXT, key TEXT, manifest TEXT, size INTEGER, sha256 TEXT, materializer TEXT, materializer_version INTEGER, meta TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX artifact_versions_number ON artifact_versions (artifact_id, number) WHERE number IS NOT NULL;
CREATE INDEX artifact_versions_pending ON artifact_versions (store_id) WHERE state = 'pending';

-- Lineage. selector: item of a list, -1 for the whole version.
CREATE TABLE artifact_refs (
  run_id TEXT NOT NULL REFERENCES runs (id), role TEXT NOT NULL, name TEXT NOT NULL, version_id TEXT NOT NULL REFERENCES artifact_versions (id),
  selector INTEGER NOT NULL,
  PRIMARY KEY (run_id, role, name, version_id, selector)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_refs_read ON artifact_refs (version_id) WHERE role = 'input';

CREATE VIEW v_runs AS
  SELECT r.id, r.name, r.pipeline, e.name AS experiment, r.status, r.stack, r.user, r.started_at, r.ended_at, r.error_name, r.error_message, r.note
  FROM runs r JOIN experiments e ON e.id = r.experiment_id
  WHERE r.pipeline IS NOT NULL;

CREATE VIEW v_steps AS
  SELECT s.run_id AS id, s.pipeline_run_id AS run_id, p.name AS run, s.step_id, nullif(s.map_index, -1) AS map_index, r.name AS step, s.attempt,
    r.status, r.started_at, r.ended_at, r.error_name, r.error_message, s.cache_key, s.not_cached, s.reason, s.source_step_run_id
  FROM step_runs s JOIN runs r ON r.id = s.run_id JOIN runs p ON p.id = s.pipeline_run_id
  WHERE p.pipeline IS NOT NULL;

-- id is that of the pipeline run or of the attempt of a step that logged it.
CREATE VIEW v_metrics AS
  SELECT m.run_id AS id, n.text AS name, c.text AS context, m.n AS count, CASE m.last_special WHEN 1 THEN 'NaN' ELSE m.last END AS last,
    m.last_step + m.last_micro / 1e6 AS last_step, m.last_at, m.min, m.max
  FROM metric_series m JOIN names n ON n.id = m.name_id LEFT JOIN names c ON c.id = m.context_id;

CREATE VIEW v_params AS
  SELECT p.run_id AS id, n.text AS name, p.type, p.text AS value, p.num AS number FROM params p JOIN names n ON n.id = p.name_id;

CREATE VIEW v_tags AS
  SELECT t.entity_id AS id, n.text AS name, t.value FROM tags t JOIN names n ON n.id = t.name_id WHERE t.entity = 'run';

CREATE VIEW v_artifacts AS
  SELECT v.id, a.name AS artifact, v.number AS version, v.output, v.store_id, v.key, v.size, v.sha256, v.materializer, v.created_at,
    v.producer_run_id
  FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id
  WHERE v.state = 'available';
`,
};
