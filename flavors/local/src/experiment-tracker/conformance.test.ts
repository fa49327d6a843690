import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, it } from '@jest/globals';
import type { TrackerRunRef } from '@mortise/core';
import { takeFolderAway, temporaryBackend, testExperimentTracker, type TrackerState } from '@mortise/flavor-testkit';

import localTracker from './index.ts';
import { LOCAL_CAPABILITIES } from './local-tracker.ts';
import type { RunSummary } from './run-summary.ts';

/** The file of a run, as the suite asks for it. */
async function read({ url }: TrackerRunRef): Promise<TrackerState | undefined> {
  const path = fileURLToPath(url!);
  if (!existsSync(path)) return undefined;
  const { error, parent, metrics, documents, datasets, note, endedAt, supersededBy, source, ...summary } = JSON.parse(
    readFileSync(path, 'utf8'),
  ) as RunSummary;
  return {
    ...summary,
    metrics: Object.entries(metrics).map(([name, value]) => ({ name, value: Number(value) })),
    documents: Object.keys(documents),
    datasets: datasets.map(({ name }) => name),
    links: [supersededBy, source?.runId ?? null],
    ...(error !== null && { error: `${error.name}: ${error.message}` }),
    ...(parent !== null && { parent }),
    ...(note !== null && { note }),
    ...(endedAt !== null && { endedAt: Date.parse(endedAt) }),
  };
}

testExperimentTracker(
  { describe, it },
  {
    name: 'local',
    capabilities: LOCAL_CAPABILITIES,
    lacks: ['points'],
    faults: ['down'],
    backend: async () => {
      const { folder, ...backend } = await temporaryBackend(localTracker)();
      return { ...backend, read, fail: () => takeFolderAway(join(folder, 'scratch')) };
    },
  },
);
