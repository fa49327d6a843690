import { edgeOf, metricsAt, type Edge } from '../experiment-tracker/edge-tags.ts';

/** MLflow keeps infinities as the largest double, and the client reads both as infinite. */
export const TAKEN_FOR_INFINITE = `values of ±${Number.MAX_VALUE} are imported as infinities, which MLflow keeps as these`;

/** Which of the two a metric has, as the tags of our own runs say; undefined where they say nothing, or both. */
export function edgesIn(tags: Record<string, string>): (metric: string) => Edge | undefined {
  const [infinite, largest] = [new Set(metricsAt('infinite', tags)), new Set(metricsAt('largest', tags))];
  return (metric) => {
    if (infinite.has(metric) === largest.has(metric)) return undefined;
    return infinite.has(metric) ? 'infinite' : 'largest';
  };
}

export const isAtEdge = (value: number): boolean => edgeOf(value) !== undefined;
