import type { Answer } from './http/answer.ts';
import { metricPoint, type MetricPoint } from './metric.ts';
import type { Param, Tag } from './run.ts';

/** How a model ends. The server takes any other word for "unspecified", and says so of the model from then on. */
export const finalStatuses = ['LOGGED_MODEL_READY', 'LOGGED_MODEL_UPLOAD_FAILED'] as const;
export type FinalLoggedModelStatus = (typeof finalStatuses)[number];
export type LoggedModelStatus = 'LOGGED_MODEL_PENDING' | FinalLoggedModelStatus;

export interface NewLoggedModel {
  experimentId: string;
  /** The server makes one up when there is none. */
  name?: string;
  sourceRunId?: string;
  modelType?: string;
  params?: Param[] | Record<string, string>;
  tags?: Tag[] | Record<string, string>;
}

export interface LoggedModel {
  modelId: string;
  experimentId: string;
  name: string;
  status: LoggedModelStatus;
  /** Where the model's files belong: `mlflow-artifacts:/<experiment>/models/<id>/artifacts` with the server's proxy. */
  artifactUri: string;
  sourceRunId?: string;
  modelType?: string;
  /** ms since the epoch, UTC. */
  creationTime: number;
  lastUpdateTime: number;
  params: Record<string, string>;
  tags: Record<string, string>;
  metrics: MetricPoint[];
}

export interface LoggedModelQuery {
  experimentIds: string[];
  /** Such as `name = 'wine'`. */
  filter?: string;
  orderBy?: { field: string; ascending?: boolean }[];
  /** Default: the server's, 100. */
  maxResults?: number;
  pageToken?: string;
}

export interface LoggedModelPage {
  models: LoggedModel[];
  nextPageToken?: string;
}

export function loggedModel(answer: Answer): LoggedModel {
  const info = answer.object('info');
  const data = answer.object('data');
  return {
    modelId: info.required('model_id'),
    experimentId: info.required('experiment_id'),
    name: info.text('name'),
    status: info.text('status') as LoggedModelStatus,
    artifactUri: info.text('artifact_uri'),
    ...info.optionalText('sourceRunId', 'source_run_id'),
    ...info.optionalText('modelType', 'model_type'),
    creationTime: info.number('creation_timestamp_ms'),
    lastUpdateTime: info.number('last_updated_timestamp_ms'),
    params: data.pairs('params'),
    tags: info.pairs('tags'),
    metrics: data.objects('metrics').map(metricPoint),
  };
}
