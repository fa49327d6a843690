import type { RunStatus } from '../pipeline/pipeline-spec.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { Labels } from './stack-data.ts';

/** Keyset paging: `next` of one page is `after` of the following one. */
export interface Page<T> {
  items: T[];
  next?: string;
}

export interface PageRequest {
  /** Default 50, at most 1000. */
  limit?: number;
  after?: string;
}

export interface RunQuery extends PageRequest {
  pipeline?: string;
  experiment?: string;
  status?: RunStatus;
  stack?: string;
  /** With all of these tags. */
  tags?: Readonly<Record<string, string>>;
  /** Part of the name. */
  name?: string;
  /** Default `-startedAt`: newest first. */
  sort?: 'startedAt' | '-startedAt' | 'name' | '-name';
}

/** Beginning with `-`: the last first. */
export type Sort<Key extends string> = Key | `-${Key}`;

export interface StackQuery extends PageRequest {
  /** Part of the name. */
  name?: string;
  /** With all of these labels. */
  labels?: Labels;
  /** With a component of this name. */
  component?: string;
  /** Default `name`. */
  sort?: Sort<'name' | 'createdAt'>;
}

export interface ComponentQuery extends PageRequest {
  type?: ComponentType;
  /** Part of the name. */
  name?: string;
  flavor?: string;
  /** With all of these labels. */
  labels?: Labels;
  /** Default: by type, then name. */
  sort?: Sort<'name' | 'createdAt'>;
}

export interface SecretQuery extends PageRequest {
  /** Part of the name. */
  name?: string;
}

export interface VersionQuery extends PageRequest {
  artifact?: string;
  /** Id of the pipeline run whose outputs they are, also those that it took from the cache. The Client takes its name too, or `latest`. */
  runId?: string;
  /** Id of the step that made them; beside `runId`, of the step of that run whose outputs they are. */
  step?: string;
  /** `name` is that of the artifact, and of its versions their numbers. Default `-createdAt`; of one artifact, the highest number first. */
  sort?: Sort<'name' | 'createdAt'>;
}
