import { SampleNames, type NamedSample } from '@mortise/core';

/**
 * As Comet's Python client names and measures it, bytes and milliwatts: Comet's pages show such metrics apart from those that a person logged. It samples no free
 * space of a disk and no share of a GPU's power, and of a network the rate, where ours is the sum: these have names of their own, after its manner.
 */
const SAMPLES = new SampleNames({
  prefix: 'sys.',
  separator: '.',
  machine: {
    cpu_utilization_percentage: ['cpu.percent.avg'],
    system_memory_usage_megabytes: ['ram.used', 1e6],
    system_memory_usage_percentage: ['ram.percent.used'],
    disk_usage_megabytes: ['disk.root.used', 1e6],
    disk_usage_percentage: ['disk.root.percent.used'],
    disk_available_megabytes: ['disk.root.available', 1e6],
    network_receive_megabytes: ['network.received', 1e6],
    network_transmit_megabytes: ['network.sent', 1e6],
  },
  gpu: {
    memory_usage_megabytes: ['used_memory', 1e6],
    memory_usage_percentage: ['percent.used_memory'],
    utilization_percentage: ['gpu_utilization'],
    power_usage_watts: ['power_usage', 1e3],
    power_usage_percentage: ['percent.power_usage'],
  },
});

/** A metric as Comet is to have it: all as they are, but those that are samples of the machine. */
export function cometMetric(name: string, value: number): NamedSample {
  return SAMPLES.there(name, value) ?? { name, value };
}

/** The metric that it is here: what `cometMetric` gave, or Comet's client sampled itself. */
export function ownMetric(name: string, value: number): NamedSample {
  return SAMPLES.back(name, value) ?? { name, value };
}
