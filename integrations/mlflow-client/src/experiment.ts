import type { Answer } from './http/answer.ts';
import type { Tag } from './run.ts';

export interface NewExperiment {
  /** Default: the server's; with its artifact proxy `mlflow-artifacts:/<experiment>`. */
  artifactLocation?: string;
  tags?: Tag[] | Record<string, string>;
}

export interface Experiment {
  experimentId: string;
  name: string;
  artifactLocation: string;
  lifecycleStage: 'active' | 'deleted';
  /** ms since the epoch, UTC. */
  creationTime?: number;
  lastUpdateTime?: number;
  tags: Record<string, string>;
}

export interface ExperimentQuery {
  /** Such as `name LIKE 'wine%'`. */
  filter?: string;
  orderBy?: string[];
  /** At most 50,000. Default 1,000. */
  maxResults?: number;
  pageToken?: string;
  /** Default `ACTIVE_ONLY`. */
  viewType?: 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL';
}

/** A page of found experiments. */
export interface ExperimentPage {
  experiments: Experiment[];
  nextPageToken?: string;
}

export function experiment(answer: Answer): Experiment {
  return {
    experimentId: answer.required('experiment_id'),
    name: answer.text('name'),
    artifactLocation: answer.text('artifact_location'),
    lifecycleStage: answer.text('lifecycle_stage') === 'deleted' ? 'deleted' : 'active',
    ...answer.optionalNumber('creationTime', 'creation_time'),
    ...answer.optionalNumber('lastUpdateTime', 'last_update_time'),
    tags: answer.pairs('tags'),
  };
}
