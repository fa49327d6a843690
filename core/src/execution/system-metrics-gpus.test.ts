import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';

import type { LoggedEvent } from '../tracking/experiment-tracker.ts';
import type * as sampling from './system-metrics.ts';

const onLinux = process.platform === 'linux' ? it : it.skip;
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };

let folder: string;
let whileSampling: typeof sampling.whileSampling;
const path = process.env['PATH'];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-smi-'));
  // Has a thread of its own, with the PATH of this test.
  jest.resetModules();
  ({ whileSampling } = await import('./system-metrics.ts'));
});
afterEach(() => {
  process.env['PATH'] = path;
  // The tool may still be at work for a sample that nobody waited for.
  rmSync(folder, { recursive: true, maxRetries: 100, retryDelay: 50 });
});

/** What an attempt logs that is watched until its second sample, and how often a tool in place of the driver's was asked, which there is only with a GPU. */
async function watchedWith(tool: string): Promise<{ gpus: Record<string, number>[]; asked: number }> {
  const calls = join(folder, 'calls');
  writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\necho "$1" >> ${calls}\n${tool}\n`);
  chmodSync(join(folder, 'nvidia-smi'), 0o755);
  process.env['PATH'] = `${folder}:${path}`;
  const events: LoggedEvent[] = [];
  const tracking = { append: (event: LoggedEvent) => void events.push(event) };
  const { signal } = new AbortController();
  await whileSampling({ systemMetrics: { intervalMs: 500 }, tracking, signal, log }, async () => {
    while (events.length < 2) await pause(20);
  });
  const isGpu = ([name]: [string, number]): boolean => name.includes('gpu');
  return {
    gpus: events.map((event) => Object.fromEntries(Object.entries(event.kind === 'metrics' ? event.values : {}).filter(isGpu))),
    asked: readFileSync(calls, 'utf8').trim().split('\n').length,
  };
}

onLinux('GPUs are told of by the tool of their driver: zero is logged, what a GPU does not tell is not', async () => {
  const { gpus, asked } = await watchedWith(`case "$1" in
--query-gpu=index,memory.used,memory.total,utilization.gpu,power.draw,enforced.power.limit) echo "0, 1000, 8000, 0, 70.50, 300.00"
echo "1, 0, 8000, [N/A], [Not Supported], [N/A]";;
*) exit 6;;
esac`);
  expect(asked).toBeGreaterThanOrEqual(gpus.length);
  expect(gpus[0]).toEqual({
    'system/gpu_0_memory_usage_megabytes': 1048.6,
    'system/gpu_0_memory_usage_percentage': 12.5,
    'system/gpu_0_utilization_percentage': 0,
    'system/gpu_0_power_usage_watts': 70.5,
    'system/gpu_0_power_usage_percentage': 23.5,
    'system/gpu_1_memory_usage_megabytes': 0,
    'system/gpu_1_memory_usage_percentage': 0,
  });
});

onLinux('where there are none the tool is asked once: no process is started for nothing', async () => {
  const { gpus, asked } = await watchedWith('exit 9');
  expect([gpus[0], asked]).toEqual([{}, 1]);
});
