import type { Json } from '../json.ts';
import type { MetadataValue } from './run-data.ts';

/** Announces bytes that are about to be written, so that they are found and collected if the commit never comes. */
export interface VersionIntent {
  id: string;
  artifact: string;
  storeId: string;
  /** Every key of this version is `keyPrefix` followed by `/` or `.`. */
  keyPrefix: string;
}

/** Of a version that no step makes, but a run itself. */
export interface LooseIntent extends VersionIntent {
  producerRunId: string;
  workerId: string;
}

export interface StoredFile {
  path: string;
  key: string;
  size: number;
  sha256: string;
}

export interface CommittedVersion {
  id: string;
  /** Name of the output that made it. */
  output: string;
  /** Key of the single file, or of the folder. */
  key: string;
  /** Files of a folder, in binary order of their paths. Absent for a single file. */
  manifest?: StoredFile[];
  size: number;
  /** Of the bytes of a single file, or of the manifest of a folder. */
  sha256: string;
  materializer: string;
  materializerVersion: number;
  /** What the materializer needs to load it again. */
  meta: Json;
  metadata: Record<string, MetadataValue>;
}

/** A version as an attempt made it. */
export interface ProducedVersion extends CommittedVersion {
  artifact: string;
  storeId: string;
}

export interface VersionRecord {
  id: string;
  artifact: string;
  /** From 1, per artifact. */
  version: number;
  output?: string;
  storeId: string;
  key: string;
  manifest?: StoredFile[];
  size: number;
  sha256: string;
  materializer: string;
  materializerVersion: number;
  meta: Json;
  metadata: Record<string, MetadataValue>;
  createdAt: number;
  /** Step run that made it, and its pipeline run. */
  producerStepRunId?: string;
  producerRunId?: string;
}

/** What deleted runs left that no other run uses. */
export interface Garbage {
  /** Ids, as of the others. */
  runs: string[];
  versions: string[];
  /** Step runs, and the runs themselves: what they logged or did not come to commit may have left bytes. */
  makers: string[];
}

/** What bytes are, by the id in their key. */
export type Accounted = 'needed' | 'garbage';
