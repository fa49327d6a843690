import { SampleNames, type TrackerEvent } from '@mortise/core';
import type { SystemRow } from '@mortise/wandb-client';

type MetricsEvent = TrackerEvent & { kind: 'metrics' };

/** What samples of the machine are called here, as at MLflow. */
const PREFIX = 'system/';
/** And in the system metrics of W&B. */
const THERE = 'system.';

const [MB, GIB] = [1e6, 2 ** 30];

/** As W&B's own client names and measures it. Ours is of the whole machine, where W&B's `cpu` is of the program. */
const SAMPLES = new SampleNames({
  prefix: THERE,
  separator: '.',
  machine: {
    cpu_utilization_percentage: ['cpu'],
    system_memory_usage_percentage: ['memory_percent'],
    system_memory_usage_megabytes: ['memory.used', MB],
    disk_usage_percentage: ['disk./.usagePercent'],
    disk_usage_megabytes: ['disk./.usageGB', MB, GIB],
    network_receive_megabytes: ['network.recv', MB],
    network_transmit_megabytes: ['network.sent', MB],
  },
  gpu: {
    utilization_percentage: ['gpu'],
    memory_usage_percentage: ['memoryAllocated'],
    memory_usage_megabytes: ['memoryAllocatedBytes', MB],
    power_usage_watts: ['powerWatts'],
    power_usage_percentage: ['powerPercent'],
  },
});

/** Samples of the machine, by their names, apart from what was logged as metrics. */
export function splitSystem(events: readonly MetricsEvent[], startedAt: number): { metrics: MetricsEvent[]; system: SystemRow[] } {
  const metrics: MetricsEvent[] = [];
  const system: SystemRow[] = [];
  for (const event of events) {
    const entries = Object.entries(event.values);
    const sampled = entries.filter(([name]) => name.startsWith(PREFIX));
    if (sampled.length < entries.length || entries.length === 0)
      metrics.push(
        sampled.length === 0 ? event : { ...event, values: Object.fromEntries(entries.filter((entry) => !sampled.includes(entry))) },
      );
    if (sampled.length > 0) system.push(systemRow(sampled, event.at, startedAt));
  }
  return { metrics, system };
}

function systemRow(sampled: readonly [string, number][], at: number, startedAt: number): SystemRow {
  const values = sampled.map(([name, value]) => SAMPLES.there(name, value) ?? { name: `${THERE}${name.slice(PREFIX.length)}`, value });
  return {
    ...Object.fromEntries(values.map(({ name, value }) => [name, value])),
    ...{ _timestamp: at / 1_000, _runtime: Math.max(0, at - startedAt) / 1_000 },
  };
}

/** Under our names again; what we have none for keeps W&B's. Without what is no number. */
export function systemValues(row: Readonly<Record<string, unknown>>): Record<string, number> {
  const numbers = Object.entries(row).filter(
    (entry): entry is [string, number] => entry[0].startsWith(THERE) && typeof entry[1] === 'number',
  );
  const values = numbers.map(([name, value]) => SAMPLES.back(name, value) ?? { name: `${PREFIX}${name.slice(THERE.length)}`, value });
  return Object.fromEntries(values.map(({ name, value }) => [name, value]));
}
