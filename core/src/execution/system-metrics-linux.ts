import { readFileSync } from 'node:fs';

import { nvidiaGpus } from './system-metrics-gpus.ts';
import { type CpuTime, type Machine, type MemoryUse, type NetworkTraffic, rootDisk } from './system-metrics-machine.ts';

/** Linux tells all but its GPUs in files of /proc, which are read in a tenth of a millisecond. */
export const linuxMachine: Machine = {
  cpu: async () => parseStat(readFileSync('/proc/stat', 'latin1')),
  memory: async () => parseMeminfo(readFileSync('/proc/meminfo', 'latin1')),
  disk: rootDisk,
  network: async () => parseNetDev(readFileSync('/proc/net/dev', 'latin1')),
  gpus: nvidiaGpus,
};

/** The first line: user, nice, system, idle, iowait, irq, softirq, steal; guests follow, whose time is in user and nice already. */
export function parseStat(stat: string): CpuTime {
  const times = stat.slice(0, stat.indexOf('\n')).trim().split(/\s+/).slice(1, 9).map(Number);
  const total = times.reduce((sum, time) => sum + time, 0);
  const [, , , idle = 0, iowait = 0] = times;
  return { busy: total - idle - iowait, total };
}

/** Used is what could not be had without swapping: caches are not. */
export function parseMeminfo(meminfo: string): MemoryUse {
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(meminfo)?.[1]) * 1024;
  const total = bytes('MemTotal');
  return { used: total - bytes('MemAvailable'), total };
}

/** All interfaces, the loopback too, as MLflow counts. */
export function parseNetDev(text: string): NetworkTraffic {
  const traffic = { received: 0, transmitted: 0 };
  for (const line of text.split('\n').slice(2)) {
    const counts = line
      .slice(line.lastIndexOf(':') + 1)
      .trim()
      .split(/\s+/);
    if (counts.length < 9) continue;
    traffic.received += Number(counts[0]);
    traffic.transmitted += Number(counts[8]);
  }
  return traffic;
}
