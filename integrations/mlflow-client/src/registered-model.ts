import type { Answer } from './http/answer.ts';
import type { Tag } from './run.ts';

export interface NewRegisteredModel {
  tags?: Tag[] | Record<string, string>;
  description?: string;
}

export interface RegisteredModel {
  name: string;
  description: string;
  /** ms since the epoch, UTC. */
  creationTime: number;
  lastUpdateTime: number;
  tags: Record<string, string>;
  /** Version by alias. */
  aliases: Record<string, string>;
}

export interface NewModelVersion {
  /** Of the registered model. */
  name: string;
  /** URI of the model's files: `models:/<model id>`, `runs:/<run>/<path>`, or an artifact URI. */
  source: string;
  runId?: string;
  modelId?: string;
  tags?: Tag[] | Record<string, string>;
  description?: string;
}

export interface ModelVersion {
  name: string;
  /** `1`, `2`, ...: the server counts. */
  version: string;
  source: string;
  description: string;
  runId?: string;
  /** Not told by MLflow 3.17; `source` names the model as `models:/<id>`. */
  modelId?: string;
  status: 'PENDING_REGISTRATION' | 'FAILED_REGISTRATION' | 'READY';
  /** ms since the epoch, UTC. */
  creationTime: number;
  lastUpdateTime: number;
  tags: Record<string, string>;
  aliases: string[];
}

export interface ModelVersionQuery {
  /** Such as `name = 'wine' and run_id = '...'`. */
  filter?: string;
  orderBy?: string[];
  /** At most 200,000. Default 10,000. */
  maxResults?: number;
  pageToken?: string;
}

export interface ModelVersionPage {
  versions: ModelVersion[];
  nextPageToken?: string;
}

export function registeredModel(answer: Answer): RegisteredModel {
  return {
    name: answer.required('name'),
    description: answer.text('description'),
    creationTime: answer.number('creation_timestamp'),
    lastUpdateTime: answer.number('last_updated_timestamp'),
    tags: answer.pairs('tags'),
    aliases: Object.fromEntries(answer.objects('aliases').map((one) => [one.text('alias'), one.text('version')])),
  };
}

export function modelVersion(answer: Answer): ModelVersion {
  return {
    name: answer.required('name'),
    version: answer.required('version'),
    source: answer.text('source'),
    description: answer.text('description'),
    ...answer.optionalText('runId', 'run_id'),
    ...answer.optionalText('modelId', 'model_id'),
    status: answer.text('status') as ModelVersion['status'],
    creationTime: answer.number('creation_timestamp'),
    lastUpdateTime: answer.number('last_updated_timestamp'),
    tags: answer.pairs('tags'),
    aliases: answer.texts('aliases'),
  };
}
