import type { MlflowClient } from '@mortise/mlflow-client';

import type { Gathered } from './gather-events.ts';
import { isRefusal } from './tracker-failure.ts';

/** In its names Python may know fewer letters than Node: those of a later Unicode. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Finds out which names of a batch this MLflow refuses, and why: it is sent one thing of each name of which that is not certain. */
export async function refusedNames(
  client: MlflowClient,
  runId: string,
  { metrics, params, tags }: Pick<Gathered, 'metrics' | 'params' | 'tags'>,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const batches = [
    ...metrics.map((metric) => ({ name: metric.key, metrics: [metric] })),
    ...params.map((param) => ({ name: param.key, params: [param] })),
    ...Array.from(tags, ([key, value]) => ({ name: key, tags: value === null ? [] : [{ key, value }] })),
  ];
  const tried = new Map(batches.filter(({ name }) => !PLAIN.test(name)).map((batch) => [batch.name, batch]));
  const refused = new Map<string, string>();
  for (const [name, { name: _, ...batch }] of tried) {
    try {
      await client.logBatch(runId, batch, signal);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused.set(name, `is no name for this MLflow: ${error.message}`);
    }
  }
  return refused;
}
