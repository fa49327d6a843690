import { globSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { activeRun, Client, pipeline, step, type Flavor } from '@mortise/core';
import { flavors } from '@mortise/flavor-local';

import { temporaryProject } from '../../../../core/src/testing/temporary-project.ts';
import { chaos } from '../chaos/chaos.ts';
import { recordedState } from './recorded-state.ts';
import { RECORDING_FILE, recordingFlavor, trackerFlavor } from './recording-flavor.ts';
import { RecordingTracker } from './recording-tracker.ts';
import { Recording } from './recording.ts';

const inner = new RecordingTracker();
const shaky = chaos(inner, { open: ['unavailable'], deliver: ['lose-answer'], close: ['cut'] });
// The flavors that come with Mortise are those that can be registered.
(flavors as Flavor[]).push(recordingFlavor, trackerFlavor(shaky, 'shaky'));

let temporary: Awaited<ReturnType<typeof temporaryProject>>;
beforeEach(async () => {
  temporary = await temporaryProject();
});
afterEach(() => temporary.remove());

test('in a stack, recording trackers hold what a step logged and how it ended, also behind chaos', async () => {
  const { root } = temporary.project;
  const client = await Client.open();
  const trackers = ['recording', 'shaky'];
  for (const flavor of trackers) await client.registerComponent({ type: 'experiment-tracker', name: flavor, flavor, config: {} });
  await client.registerStack('tested', { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': trackers });
  await client.close();

  const train = step('train', { experimentTracker: trackers }, () => {
    for (let i = 0; i < 5; i++) activeRun().logMetric('loss', 1 / (i + 1));
  });
  const { status } = await pipeline('recorded', () => train()).run({}, { stack: 'tested' });
  expect(status).toBe('completed');

  const [file] = globSync(`.mortise/**/${RECORDING_FILE}`, { cwd: root });
  for (const recording of [new Recording(join(root, file!)), inner.recording]) {
    const run = [...recording.runs.values()].find(({ identity }) => identity.stepId === 'train')!;
    const { status, metrics } = recordedState(run);
    expect(status).toBe('completed');
    expect(metrics.map(({ value }) => value)).toEqual([1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]);
  }
  expect(shaky.calls.filter(({ act }) => act !== 'pass')).toHaveLength(3);
});
