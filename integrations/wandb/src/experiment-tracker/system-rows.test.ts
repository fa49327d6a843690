import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';
import type { LoggedEvent } from '@mortise/core';
import { startWandbRecorder } from '@mortise/wandb-client/testing';

import { ofKind, takeOne } from '../testing/imported-runs.ts';
import { rowOf } from '../testing/read-run.ts';
import { eventsOf, KEY, never, newIdentity, newStart, trackerWith } from '../testing/tracker-at.ts';

const SAMPLE = {
  'system/cpu_utilization_percentage': 12.5,
  'system/system_memory_usage_megabytes': 4_000.5,
  'system/system_memory_usage_percentage': 40,
  'system/disk_usage_percentage': 75,
  'system/disk_usage_megabytes': 1_073.741824,
  'system/disk_available_megabytes': 500,
  'system/network_receive_megabytes': 1.25,
  'system/network_transmit_megabytes': 0.5,
  'system/gpu_0_memory_usage_percentage': 12.5,
  'system/gpu_0_memory_usage_megabytes': 1_048.6,
  'system/gpu_0_utilization_percentage': 99,
  'system/gpu_0_power_usage_watts': 70.5,
  'system/gpu_0_power_usage_percentage': 23.5,
};
/** As the vendor's client has it, but for the free part of a disk, which it does not tell. */
const ROW = {
  'system.cpu': 12.5,
  'system.memory.used': 4_000_500_000,
  'system.memory_percent': 40,
  'system.disk./.usagePercent': 75,
  'system.disk./.usageGB': 1,
  'system.disk_available_megabytes': 500,
  'system.network.recv': 1_250_000,
  'system.network.sent': 500_000,
  'system.gpu.0.memoryAllocated': 12.5,
  'system.gpu.0.memoryAllocatedBytes': 1_048_600_000,
  'system.gpu.0.gpu': 99,
  'system.gpu.0.powerWatts': 70.5,
  'system.gpu.0.powerPercent': 23.5,
};
const LOGGED: LoggedEvent[] = [
  { kind: 'metrics', values: { loss: 1 }, step: 0 },
  { kind: 'metrics', values: SAMPLE, step: 0 },
  { kind: 'metrics', values: { loss: 0.5 }, step: 1 },
  { kind: 'metrics', values: { 'system/cpu_utilization_percentage': 50 }, step: 1 },
];

test('what the machine does goes into the system metrics of a run at the server, and takes no place in its history', async () => {
  const recorder = await startWandbRecorder();
  const start = newStart();
  const run = await (
    await trackerWith({ baseUrl: recorder.url, apiKey: KEY, project: 'wine' })
  ).open(newIdentity(), start, undefined, never);
  const events = eventsOf(LOGGED);
  await run.deliver(events, never);
  await run.close({ status: 'completed' }, Date.now(), never);
  const { streams } = recorder.run(run.ref.id!)!;
  const at = events[1]!.at;
  expect(streams['wandb-events.jsonl']!.map(rowOf)).toEqual([
    { _wandb: true, _timestamp: at / 1_000, _runtime: Math.max(0, at - start.startedAt) / 1_000, ...ROW },
    expect.objectContaining({ 'system.cpu': 50 }),
  ]);
  const rows = streams['wandb-history.jsonl']!.map(rowOf).map(({ _timestamp: _, _runtime: __, ...row }) => row);
  expect(rows).toEqual([
    { loss: 1, _step: 0 },
    { loss: 0.5, _step: 1 },
  ]);
  await recorder.stop();
});

test('offline they are in the file, and an import gives them back as they were', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mortise-wandb-system-'));
  const run = await (
    await trackerWith({ mode: 'offline', dir: folder, project: 'wine' })
  ).open(newIdentity(), newStart(), undefined, never);
  const events = eventsOf(LOGGED);
  await run.deliver(events, never);
  await run.close({ status: 'completed' }, Date.now(), never);
  const imported = ofKind((await takeOne(folder)).events, 'metrics').map(({ at, step, values }) => ({ at, step, values }));
  const given = events.map((event) => event as Extract<typeof event, { kind: 'metrics' }>);
  const system = ({ values }: { values: object }): boolean => Object.keys(values)[0]!.startsWith('system/');
  expect(imported.filter(system)).toEqual(given.filter(system).map(({ at, step, values }) => ({ at, step, values })));
  expect(imported.filter((event) => !system(event)).map(({ values }) => values)).toEqual([{ loss: 1 }, { loss: 0.5 }]);
  rmSync(folder, { recursive: true });
});
