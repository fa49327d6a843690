import { createHash } from 'node:crypto';

/** What the recorder was told of one run. */
export interface RecordedRun {
  entity: string;
  project: string;
  /** Its id, which the API calls its name. */
  name: string;
  displayName: string;
  groupName: string | null;
  jobType: string | null;
  notes: string | null;
  tags: string[];
  host: string | null;
  program: string | null;
  commit: string | null;
  repo: string | null;
  /** As sent, each value wrapped. */
  config: Record<string, { value: unknown }>;
  /** Lines by place, for each file of the stream. */
  streams: Record<string, string[]>;
  /** How often a line came for a place that had another one. */
  overwritten: number;
  complete: boolean;
  exitCode: number | null;
  /** Files of the run that were uploaded, by path. */
  files: Record<string, Buffer>;
  /** Paths that were told to have been uploaded. */
  uploaded: string[];
  alerts: Record<string, unknown>[];
  /** Ids of artifacts that it used. */
  used: string[];
}

/** An artifact as it was created; `committed` when its commit came. */
export interface RecordedArtifact {
  id: string;
  run: string | null;
  type: string;
  collection: string;
  digest: string;
  aliases: string[];
  metadata: unknown;
  description: string | null;
  committed: boolean;
  /** By path. */
  files: Record<string, Buffer>;
  manifest?: { contents: Record<string, { digest: string; size: number; birthArtifactID?: string; ref?: string }> };
}

export function newRun(entity: string, project: string, name: string): RecordedRun {
  return {
    ...{ entity, project, name, displayName: 'misty-frost-1', groupName: null, jobType: null, notes: null, tags: [] },
    ...{ host: null, program: null, commit: null, repo: null, config: {}, streams: {}, overwritten: 0 },
    ...{ complete: false, exitCode: null, files: {}, uploaded: [], alerts: [], used: [] },
  };
}

export const HISTORY = 'wandb-history.jsonl';
export const EVENTS = 'wandb-events.jsonl';
export const SUMMARY = 'wandb-summary.json';
export const OUTPUT = 'output.log';

/** Node ids are opaque to clients; these can be read in a failing test. */
export const idOf = (...parts: string[]): string => Buffer.from(parts.join(':')).toString('base64');

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64');
