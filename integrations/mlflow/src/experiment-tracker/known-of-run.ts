import type { Run } from '@mortise/mlflow-client';

import type { Gathered } from './gather-events.ts';
import { infiniteOf } from './infinite-tags.ts';
import { datasetKey } from './run-dataset.ts';

/** What a run has at MLflow that bears on what it can still take. */
export interface KnownOfRun {
  /** Texts by name: they cannot be changed. */
  params: Map<string, string>;
  /** Contexts by name and digest: a run has each dataset once. */
  datasets: Map<string, string>;
  /** Metrics that have infinities. */
  infinite: Set<string>;
}

export function knownOf({ params, datasets, tags }: Run): KnownOfRun {
  return {
    params: new Map(Object.entries(params)),
    datasets: new Map(datasets.map((dataset) => [datasetKey(dataset), dataset.context ?? ''])),
    infinite: new Set(infiniteOf(tags)),
  };
}

/** What was gathered is at MLflow now. */
export function addToKnown(known: KnownOfRun, { params, datasets, infinite }: Gathered): void {
  for (const { key, value } of params) known.params.set(key, value);
  for (const { dataset } of datasets) known.datasets.set(datasetKey(dataset), dataset.context ?? '');
  for (const name of infinite) known.infinite.add(name);
}
