import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { SAMPLED_MACHINE } from '../../../../core/src/testing/sampled-machine.ts';
import { offlineRun } from '../testing/offline-run.ts';
import { take } from '../testing/taken-runs.ts';
import { eventsOf, never, newIdentity, startOf, trackerAt } from '../testing/tracker-at.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-neptune-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const OTHERS = { loss: 0.5, 'system/mine': 3, 'system/gpu_0_mine': 4, 'val/system/cpu_utilization_percentage': 6 };

async function logged(): Promise<string> {
  const tracker = await trackerAt({ mode: 'offline', offlineDirectory: join(folder, '.neptune') });
  const run = await tracker.open(newIdentity(), startOf(), undefined, never);
  await run.deliver(eventsOf([{ kind: 'metrics', values: { ...SAMPLED_MACHINE, ...OTHERS }, step: 0 }]), never);
  const { ids } = await run.close({ status: 'completed' }, Date.now(), never);
  return ids['neptune_operations_file']!;
}

test("what the machine does is at Neptune where its own script keeps it, in that script's units", async () => {
  const { series } = offlineRun(await logged()).run;
  const points = Object.fromEntries(Array.from(series, ([path, [point]]) => [path, point!.value.value as number]));
  expect(points).toMatchObject({
    'runtime/monitoring/cpu/percent': 12.5,
    'runtime/monitoring/memory/virtual_used_GiB': 8_123_400_000 / 2 ** 30,
    'runtime/monitoring/memory/virtual_utilized_percent': 51.3,
    'runtime/monitoring/disk/utilized_percent': 70.1,
    'runtime/monitoring/disk/used_GiB': 123_456_700_000 / 2 ** 30,
    'runtime/monitoring/network/total_recv_MiB': 1_234_567 / 2 ** 20,
    'runtime/monitoring/gpu/0/memory_utilized_percent': 12.5,
    'runtime/monitoring/gpu/0/memory_used_MiB': 1_048_600_000 / 2 ** 20,
    'runtime/monitoring/gpu/0/gpu_utilization_percent': 0,
    'runtime/monitoring/gpu/11/power_usage_watts': 70.53,
    'metrics/loss': 0.5,
    'metrics/system/mine': 3,
  });
  expect(Object.keys(points)).toHaveLength(Object.keys({ ...SAMPLED_MACHINE, ...OTHERS }).length);
});

test('and comes back from a file as it was sampled', async () => {
  await logged();
  const [taken] = (await take(folder)).runs;
  const points = taken!.state.metrics.map(({ name, value }) => [name, value]);
  expect(Object.fromEntries(points)).toEqual({ ...SAMPLED_MACHINE, ...OTHERS });
});
