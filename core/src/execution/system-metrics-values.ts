import type { GpuUse, Reading } from './system-metrics-machine.ts';

/**
 * One sample as metrics, under the names and in the units of MLflow's own (a megabyte is 10^6 bytes; percentages are 0 to 100), rounded as there.
 * CPU is what it did since `before`, network what was sent since `start`. What was not read is left out.
 */
export function systemMetricValues(now: Reading, before: Reading, start: Reading): Record<string, number> {
  const values = { ...cpu(now, before), ...memory(now), ...disk(now), ...network(now, start), ...(now.gpus ?? []).reduce(addGpu, {}) };
  const told = Object.entries(values).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(told.map(([name, value]) => [`system/${name}`, value]));
}

type Values = Record<string, number>;

const round = (value: number): number => Math.round(value * 10) / 10;
const megabytes = (bytes: number): number => round(bytes / 1e6);
const percent = (part: number, whole: number): number => round((part / whole) * 100);

function cpu({ cpu: now }: Reading, { cpu: before }: Reading): Values {
  if (now === undefined || before === undefined) return {};
  // The kernel's count of idle time may fall by a tick.
  const share = percent(now.busy - before.busy, now.total - before.total);
  return { cpu_utilization_percentage: Math.min(100, Math.max(0, share)) };
}

function memory({ memory }: Reading): Values {
  if (memory === undefined) return {};
  const { used, total } = memory;
  return { system_memory_usage_megabytes: megabytes(used), system_memory_usage_percentage: percent(used, total) };
}

function disk({ disk }: Reading): Values {
  if (disk === undefined) return {};
  const { used, available } = disk;
  return {
    disk_usage_percentage: percent(used, used + available),
    disk_usage_megabytes: megabytes(used),
    disk_available_megabytes: megabytes(available),
  };
}

function network({ network: now }: Reading, { network: start }: Reading): Values {
  if (now === undefined || start === undefined) return {};
  return {
    network_receive_megabytes: (now.received - start.received) / 1e6,
    network_transmit_megabytes: (now.transmitted - start.transmitted) / 1e6,
  };
}

function addGpu(values: Values, { index, memoryUsed, memoryTotal, utilization, powerWatts, powerLimitWatts }: GpuUse): Values {
  const name = `gpu_${index}`;
  return {
    ...values,
    [`${name}_memory_usage_percentage`]: percent(memoryUsed, memoryTotal),
    [`${name}_memory_usage_megabytes`]: megabytes(memoryUsed),
    [`${name}_utilization_percentage`]: utilization,
    [`${name}_power_usage_watts`]: powerWatts,
    [`${name}_power_usage_percentage`]: percent(powerWatts, powerLimitWatts),
  };
}
