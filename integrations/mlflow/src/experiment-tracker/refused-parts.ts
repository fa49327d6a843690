import type { Batch, MlflowClient } from '@mortise/mlflow-client';

import type { Gathered } from './gather-events.ts';
import { shownName } from './mlflow-names.ts';
import { isRefusal } from './tracker-failure.ts';

interface Part {
  what: string;
  batch: Batch;
}

/** Sends the parts of a batch that was refused, and gives why some of them are refused alone: a server has limits that only it knows. */
export function refusedParts(
  client: MlflowClient,
  runId: string,
  { metrics, params, tags }: Pick<Gathered, 'metrics' | 'params' | 'tags'>,
  signal: AbortSignal,
): Promise<string[]> {
  const parts: Part[] = [
    ...metrics.map((metric) => ({ what: `the metric ${shownName(metric.key)}`, batch: { metrics: [metric] } })),
    ...params.map((param) => ({ what: `the param ${shownName(param.key)}`, batch: { params: [param] } })),
    ...Array.from(tags).flatMap(([key, value]) =>
      value === null ? [] : [{ what: `the tag ${shownName(key)}`, batch: { tags: [{ key, value }] } }],
    ),
  ];
  return refusedOf(parts, (batch) => client.logBatch(runId, batch, signal));
}

/** Halves what is refused until it is known what of it is to blame: mostly it is one of many. */
async function refusedOf(parts: readonly Part[], send: (batch: Batch) => Promise<void>): Promise<string[]> {
  if (parts.length === 0) return [];
  try {
    await send(together(parts));
    return [];
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (parts.length === 1) return [`${parts[0]!.what} was refused: ${error.message}`];
  }
  const half = parts.length >> 1;
  return [...(await refusedOf(parts.slice(0, half), send)), ...(await refusedOf(parts.slice(half), send))];
}

function together(parts: readonly Part[]): Batch {
  return {
    metrics: parts.flatMap(({ batch }) => batch.metrics ?? []),
    params: parts.flatMap(({ batch }) => batch.params ?? []),
    tags: parts.flatMap(({ batch }) => batch.tags ?? []),
  };
}
