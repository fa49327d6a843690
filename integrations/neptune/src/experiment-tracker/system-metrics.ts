import { SampleNames } from '@mortise/core';

const [MB, MIB, GIB] = [1e6, 2 ** 20, 2 ** 30];

/**
 * As `neptune_hardware_monitoring.py` names and measures it, with which Neptune 3 monitors hardware: its client does not by itself. That script does not look at
 * how full a disk is nor at the share of a GPU's power, and of a network it tells what each interval had, where ours is the sum: these have names of their own,
 * after its manner.
 */
export const NEPTUNE_SAMPLES = new SampleNames({
  prefix: 'runtime/monitoring/',
  separator: '/',
  machine: {
    cpu_utilization_percentage: ['cpu/percent'],
    system_memory_usage_megabytes: ['memory/virtual_used_GiB', MB, GIB],
    system_memory_usage_percentage: ['memory/virtual_utilized_percent'],
    disk_usage_megabytes: ['disk/used_GiB', MB, GIB],
    disk_usage_percentage: ['disk/utilized_percent'],
    disk_available_megabytes: ['disk/available_GiB', MB, GIB],
    network_receive_megabytes: ['network/total_recv_MiB', MB, MIB],
    network_transmit_megabytes: ['network/total_sent_MiB', MB, MIB],
  },
  gpu: {
    memory_usage_megabytes: ['memory_used_MiB', MB, MIB],
    memory_usage_percentage: ['memory_utilized_percent'],
    utilization_percentage: ['gpu_utilization_percent'],
    power_usage_watts: ['power_usage_watts'],
    power_usage_percentage: ['power_utilized_percent'],
  },
});
