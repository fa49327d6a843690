import { cpus, freemem, totalmem } from 'node:os';

import { nvidiaGpus } from './system-metrics-gpus.ts';
import { type CpuTime, type Machine, type MemoryUse, type NetworkTraffic, rootDisk } from './system-metrics-machine.ts';

/** Where there is no /proc: what Node tells, and for the rest the library that knows the tools of each platform. */
export const machineElsewhere: Machine = { cpu, memory, disk: rootDisk, network, gpus: nvidiaGpus };

async function cpu(): Promise<CpuTime> {
  const time = { busy: 0, total: 0 };
  for (const { times } of cpus()) {
    const total = times.user + times.nice + times.sys + times.idle + times.irq;
    time.busy += total - times.idle;
    time.total += total;
  }
  return time;
}

/** What macOS calls free leaves out caches, which can be had at any time. */
async function memory(): Promise<MemoryUse> {
  const total = totalmem();
  if (process.platform !== 'darwin') return { used: total - freemem(), total };
  const { mem } = await systemInformation();
  return { used: (await mem()).active, total };
}

/** Those on which the library answers at all. */
const WITH_NETWORK = ['darwin', 'win32', 'freebsd', 'openbsd', 'netbsd', 'linux'];
let mainInterface: Promise<string> | undefined;

/** Of the interface of the default route: each costs a process or two. */
async function network(): Promise<NetworkTraffic> {
  if (!WITH_NETWORK.includes(process.platform)) throw new Error(`nothing is known of the network of ${process.platform}`);
  const { networkInterfaceDefault, networkStats } = await systemInformation();
  const [stats] = await networkStats(await (mainInterface ??= networkInterfaceDefault()));
  if (stats === undefined) throw new Error('no network interface');
  return { received: stats.rx_bytes, transmitted: stats.tx_bytes };
}

/** It takes 50 ms to load. */
const systemInformation = async () => (await import('systeminformation')).default;
