import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { PipelineSpec } from '../pipeline/pipeline-spec.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { createdRun, temporaryStore } from '../testing/sample-store.ts';
import { namingSteps } from './naming-steps.ts';

let store: MetadataStore;
let remove: () => void;
beforeEach(async () => {
  ({ store, remove } = await temporaryStore());
});
afterEach(() => remove());

/** A run of a pipeline with one step, which names these trackers. */
async function runOf(pipeline: string, startedAt: number, experimentTracker: string[]): Promise<void> {
  const step = {
    ...{ id: 'train', name: 'train', module: 'a.ts', inputs: {}, outputs: [], splitOutputs: false, after: [], when: [] },
    options: { experimentTracker },
  };
  const spec: PipelineSpec = { specVersion: 1, pipeline, style: 'function', module: 'a.ts', params: {}, steps: [step] };
  await createdRun(store, { pipeline, startedAt, spec });
}

const found = () => namingSteps(store, 'experiment-tracker', 'files');

test('a pipeline whose newest run is older than a thousand runs of others is not left out', async () => {
  await runOf('rare', 1, ['files']);
  for (let i = 0; i < 1_000; i++) await runOf('often', 2 + i, []);
  expect(await found()).toEqual([{ pipeline: 'rare', step: 'train' }]);
});

test('only the newest run of a pipeline counts, be there more than a thousand', async () => {
  await runOf('often', 1, ['files']);
  for (let i = 0; i < 1_000; i++) await runOf('often', 2 + i, []);
  expect(await found()).toEqual([]);
});
