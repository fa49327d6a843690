import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { TrackerEvent } from '@mortise/core';

import { SAMPLED_MACHINE } from '../../../../core/src/testing/sampled-machine.ts';
import { startCometRecorder } from '../testing/comet-recorder.ts';
import { importedFrom } from '../testing/imported.ts';
import { never } from '../testing/play.ts';
import { trackerIn } from '../testing/tracker-in.ts';

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'mortise-comet-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const OTHERS = { loss: 0.5, 'system/mine': 3, 'system/gpu_0_mine': 4, 'sys.mine': 5, 'val/system/cpu_utilization_percentage': 6 };
const events: TrackerEvent[] = [{ writer: 'w', seq: 1, at: 1_000, kind: 'metrics', values: { ...SAMPLED_MACHINE, ...OTHERS }, step: 0 }];

const identity = { key: '0123456789abcdef0123456789abcdef', runId: 'run-1', stepId: 'train', attempt: 1 };
const start = { name: 'train', experiment: 'demo', group: 'g', tags: {}, startedAt: 1_000, settings: {} };

test("what the machine does is at Comet under the names and in the units of its own client, so that its pages show it as the system's", async () => {
  const recorder = await startCometRecorder({ apiKey: 'key' });
  try {
    const tracker = await trackerIn(root, { apiKey: 'key', urlOverride: recorder.url });
    const run = await tracker.open(identity, start, undefined, never);
    await run.deliver(events, never);
    await run.close({ status: 'completed' }, 2_000, never);
    const points = recorder.experiment(identity.key).points.map(({ metricName, metricValue }) => [metricName, metricValue]);
    expect(Object.fromEntries(points)).toEqual({
      'sys.cpu.percent.avg': 12.5,
      'sys.ram.used': 8_123_400_000,
      'sys.ram.percent.used': 51.3,
      'sys.disk.root.percent.used': 70.1,
      'sys.disk.root.used': 123_456_700_000,
      'sys.disk.root.available': 52_345_600_000,
      'sys.network.received': 1_234_567,
      'sys.network.sent': 1,
      'sys.gpu.0.percent.used_memory': 12.5,
      'sys.gpu.0.used_memory': 1_048_600_000,
      'sys.gpu.0.gpu_utilization': 0,
      'sys.gpu.11.power_usage': 70_530,
      'sys.gpu.11.percent.power_usage': 23.5,
      ...OTHERS,
    });
  } finally {
    await recorder.stop();
  }
});

test('and comes back from an archive as it was sampled', async () => {
  const tracker = await trackerIn(root, { mode: 'offline', offlineDirectory: 'archives' });
  const run = await tracker.open(identity, start, undefined, never);
  await run.deliver(events, never);
  await run.close({ status: 'completed' }, 2_000, never);
  const { runs } = await importedFrom(join(root, 'archives'));
  const points = runs.get('train')!.points.map(({ name, value }) => [name, value]);
  expect(Object.fromEntries(points)).toEqual({ ...SAMPLED_MACHINE, ...OTHERS });
});
