import { loggedDataset, type LoggedDataset } from './dataset.ts';
import type { Answer } from './http/answer.ts';
import { metricPoint, type MetricPoint } from './metric.ts';

/** All that the server takes. It answers 200 to any other word and ignores it, so nothing else is sent. */
export const runStatuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;
export type RunStatus = (typeof runStatuses)[number];

export interface Param {
  key: string;
  /** At most 6,000 characters: longer ones are refused here, because the server cuts them in silence. */
  value: string;
}

export interface Tag {
  key: string;
  /** At most 8,000 characters: longer ones are refused here, because the server cuts them in silence. */
  value: string;
}

export interface NewRun {
  experimentId: string;
  /** ms since the epoch, UTC. Required: the server takes a missing one for 1970. */
  startTime: number;
  /** The server makes one up when there is none. */
  runName?: string;
  userId?: string;
  tags?: Tag[] | Record<string, string>;
}

export interface RunUpdate {
  status?: RunStatus;
  /** ms since the epoch, UTC. */
  endTime?: number;
  runName?: string;
}

export interface RunQuery {
  experimentIds: string[];
  /** MLflow's filter, such as `` tags.`mortise.key` = 'x' and metrics.loss < 0.1 ``. It knows no OR; a value with `'` in it stands in `"`. */
  filter?: string;
  /** Such as `metrics.loss ASC`, `attributes.start_time DESC`. Ordering by a metric costs the server time per run of the experiment. */
  orderBy?: string[];
  /** At most 50,000. Default: the server's, 1,000. */
  maxResults?: number;
  pageToken?: string;
  /** Default `ACTIVE_ONLY`. */
  runViewType?: 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL';
}

/** A page of found runs. */
export interface RunPage {
  runs: Run[];
  nextPageToken?: string;
}

export interface Run {
  runId: string;
  experimentId: string;
  runName: string;
  userId: string;
  status: RunStatus;
  /** ms since the epoch, UTC. */
  startTime: number;
  endTime?: number;
  artifactUri: string;
  lifecycleStage: 'active' | 'deleted';
  /** The latest point of each metric: that of the highest step, then time. */
  metrics: MetricPoint[];
  params: Record<string, string>;
  tags: Record<string, string>;
  datasets: LoggedDataset[];
  /** Ids of logged models that the run read and wrote. */
  modelInputs: string[];
  modelOutputs: { modelId: string; step: number }[];
}

export function run(answer: Answer): Run {
  const info = answer.object('info');
  const data = answer.object('data');
  const inputs = answer.object('inputs');
  return {
    runId: info.required('run_id'),
    experimentId: info.required('experiment_id'),
    runName: info.text('run_name'),
    userId: info.text('user_id'),
    status: info.required('status') as RunStatus,
    startTime: info.number('start_time'),
    ...info.optionalNumber('endTime', 'end_time'),
    artifactUri: info.text('artifact_uri'),
    lifecycleStage: info.text('lifecycle_stage') === 'deleted' ? 'deleted' : 'active',
    metrics: data.objects('metrics').map(metricPoint),
    params: data.pairs('params'),
    tags: data.pairs('tags'),
    datasets: inputs.objects('dataset_inputs').map(loggedDataset),
    modelInputs: inputs.objects('model_inputs').map((input) => input.required('model_id')),
    modelOutputs: answer
      .object('outputs')
      .objects('model_outputs')
      .map((output) => ({ modelId: output.required('model_id'), step: output.number('step') })),
  };
}
