import type { Answer } from './http/answer.ts';
import { pairs } from './pairs.ts';

/** Which data a run used: a name and a digest, not the data. */
export interface Dataset {
  name: string;
  /** At most 36 characters at the server. */
  digest: string;
  /** MLflow's own are `local`, `http`, `s3`, `code`, ... */
  sourceType: string;
  /** JSON text by MLflow's habit, such as `{"uri":"..."}`. */
  source: string;
  schema?: string;
  profile?: string;
}

/** A dataset as an input of a run. */
export interface LoggedDataset extends Dataset {
  /**
   * What the run used it for, `training`, `validation`, ...: MLflow's tag `mlflow.data.context`. The first one stays: a run that logs the same dataset
   * again with another context keeps the first, without a word from the server.
   */
  context?: string;
  tags?: Record<string, string>;
}

const CONTEXT = 'mlflow.data.context';

export function loggedDataset(input: Answer): LoggedDataset {
  const dataset = input.object('dataset');
  const { [CONTEXT]: context, ...tags } = input.pairs('tags');
  return {
    name: dataset.text('name'),
    digest: dataset.text('digest'),
    sourceType: dataset.text('source_type'),
    source: dataset.text('source'),
    ...dataset.optionalText('schema', 'schema'),
    ...dataset.optionalText('profile', 'profile'),
    ...(context !== undefined && { context }),
    ...(Object.keys(tags).length > 0 && { tags }),
  };
}

/** As `log-inputs` takes it. */
export function datasetInput({ name, digest, sourceType, source, schema, profile, context, tags }: LoggedDataset): object {
  return {
    dataset: { name, digest, source_type: sourceType, source, schema, profile },
    tags: [...(context === undefined ? [] : [{ key: CONTEXT, value: context }]), ...pairs(tags)],
  };
}
