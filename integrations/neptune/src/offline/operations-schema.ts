// Tables as neptune-scale 0.30.0 makes them. Copyright (c) Neptune Labs Sp. z o.o., Apache-2.0: see NOTICE.

/** The version of the file that `neptune sync` takes. */
export const FILE_VERSION = 'v5';
export const OPERATIONS_FILE = 'run_operations.sqlite3';

/** Of `run_operations.operation_type`. */
export const UPDATE = 0;
export const CREATE = 1;

export const SCHEMA = `
CREATE TABLE IF NOT EXISTS run_operations (
  sequence_id INTEGER PRIMARY KEY AUTOINCREMENT,
  timestamp INTEGER NOT NULL,
  operation_type INTEGER NOT NULL,
  operation BLOB NOT NULL,
  operation_size_bytes INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS idx_run_operations_sequence_size ON run_operations (sequence_id, operation_size_bytes);
CREATE TABLE IF NOT EXISTS metadata (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  version TEXT NOT NULL,
  project TEXT NOT NULL,
  run_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS run_operation_submission (
  sequence_id INTEGER PRIMARY KEY,
  timestamp INTEGER NOT NULL,
  request_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS file_upload_requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source_path TEXT NOT NULL,
  destination TEXT NOT NULL,
  mime_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  is_temporary INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS operation_errors (
  error_id INTEGER PRIMARY KEY AUTOINCREMENT,
  timestamp INTEGER NOT NULL,
  error_type TEXT NOT NULL,
  error_details TEXT NOT NULL,
  error_body TEXT NOT NULL,
  sequence_id INTEGER
);
-- Ours: how far the run has come. Neptune's own tools look at the tables above only.
CREATE TABLE IF NOT EXISTS mortise_acked (writer TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mortise_tags (name TEXT PRIMARY KEY, member TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mortise_series (path TEXT PRIMARY KEY, step REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mortise_run (fact TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`;
