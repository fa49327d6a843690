import type { Run } from '@mortise/mlflow-client';

import type { Gathered } from './gather-events.ts';
import { EDGES, metricsAt, type Edge } from './edge-tags.ts';
import { datasetKey } from './run-dataset.ts';

/** What a run has at MLflow that bears on what it can still take. */
export interface KnownOfRun extends Record<Edge, Set<string>> {
  /** Texts by name: they cannot be changed. */
  params: Map<string, string>;
  /** Contexts by name and digest: a run has each dataset once. */
  datasets: Map<string, string>;
}

export function knownOf({ params, datasets, tags }: Run): KnownOfRun {
  return {
    params: new Map(Object.entries(params)),
    datasets: new Map(datasets.map((dataset) => [datasetKey(dataset), dataset.context ?? ''])),
    infinite: new Set(metricsAt('infinite', tags)),
    largest: new Set(metricsAt('largest', tags)),
  };
}

/** What was gathered is at MLflow now. */
export function addToKnown(known: KnownOfRun, { params, datasets, ...gathered }: Gathered): void {
  for (const { key, value } of params) known.params.set(key, value);
  for (const { dataset } of datasets) known.datasets.set(datasetKey(dataset), dataset.context ?? '');
  for (const edge of EDGES) for (const name of gathered[edge]) known[edge].add(name);
}
