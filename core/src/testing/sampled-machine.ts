/** What core samples of a machine with GPUs, as a metric event has it. */
export const SAMPLED_MACHINE = {
  'system/cpu_utilization_percentage': 12.5,
  'system/system_memory_usage_megabytes': 8123.4,
  'system/system_memory_usage_percentage': 51.3,
  'system/disk_usage_percentage': 70.1,
  'system/disk_usage_megabytes': 123456.7,
  'system/disk_available_megabytes': 52345.6,
  'system/network_receive_megabytes': 1.234567,
  'system/network_transmit_megabytes': 0.000001,
  'system/gpu_0_memory_usage_percentage': 12.5,
  'system/gpu_0_memory_usage_megabytes': 1048.6,
  'system/gpu_0_utilization_percentage': 0,
  'system/gpu_11_power_usage_watts': 70.53,
  'system/gpu_11_power_usage_percentage': 23.5,
};
