import { totalmem } from 'node:os';

import { describe, expect, it } from '@jest/globals';

import { machineElsewhere } from './system-metrics-elsewhere.ts';
import { linuxMachine, parseMeminfo, parseNetDev, parseStat } from './system-metrics-linux.ts';
import { MachineReader, type Machine, type Reading } from './system-metrics-machine.ts';
import { systemMetricValues } from './system-metrics-values.ts';

const onLinux = process.platform === 'linux' ? it : it.skip;

/** Two readings between which nothing else on the machine wrote, freed or took much: others may be at work on it. */
async function readAtOnce(): Promise<{ here: Reading; there: Reading }> {
  for (;;) {
    const here = await new MachineReader(linuxMachine).read();
    const there = await new MachineReader(machineElsewhere).read();
    const after = await new MachineReader(linuxMachine).read();
    const disk = Math.abs(after.disk!.used - here.disk!.used) / here.disk!.used;
    if (disk < 0.001 && Math.abs(after.memory!.used - here.memory!.used) < totalmem() / 100) return { here, there };
  }
}

describe('what Linux tells', () => {
  it('of its CPUs: waiting for a disk is idle, and what a guest took is counted once', () => {
    expect(parseStat('cpu  100 20 30 400 50 6 7 8 90 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n')).toEqual({ busy: 171, total: 621 });
  });

  it('of its memory: caches are not used', () => {
    const meminfo = 'MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\nCached:          500 kB\n';
    expect(parseMeminfo(meminfo)).toEqual({ used: 400 * 1024, total: 1000 * 1024 });
  });

  it('of its network: all interfaces, also one whose count touches its name', () => {
    const lines = [
      'Inter-|   Receive                                                |  Transmit',
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
      '    lo: 1000 7 0 0 0 0 0 0 1000 7 0 0 0 0 0 0',
      'eth0:1:5000 3 0 0 0 0 0 0 70 2 0 0 0 0 0 0',
      '',
    ];
    expect(parseNetDev(lines.join('\n'))).toEqual({ received: 6000, transmitted: 1070 });
  });

  onLinux('is what Node and the library tell too', async () => {
    const { here, there } = await readAtOnce();
    expect(here.memory!.total).toBe(totalmem());
    expect(Math.abs(here.memory!.used - there.memory!.used)).toBeLessThan(totalmem() / 10);
    expect(Math.abs(here.cpu!.busy / here.cpu!.total - there.cpu!.busy / there.cpu!.total)).toBeLessThan(0.1);
    expect(there.disk!.used / here.disk!.used).toBeCloseTo(1, 2);
    expect(there.network!.received).toBeGreaterThanOrEqual(0);
    expect(there.network!.received).toBeLessThanOrEqual((await linuxMachine.network()).received);
  });
});

describe('a machine that does not tell all', () => {
  const missing = async (): Promise<never> => {
    throw new Error('not here');
  };
  const machine: Machine = { ...linuxMachine, cpu: missing, memory: async () => ({ used: 1e6, total: 4e6 }), disk: missing, gpus: missing };

  it('is asked for the rest, and what fails later is a gap', async () => {
    const traffic = [{ received: 1e6, transmitted: 0 }, undefined, { received: 3.5e6, transmitted: 2e6 }];
    const reader = new MachineReader({ ...machine, network: async () => traffic.shift() ?? missing() });
    const start = await reader.read(['cpu', 'network']);
    const [gap, now] = [await reader.read(), await reader.read()];
    const memory = { 'system/system_memory_usage_megabytes': 1, 'system/system_memory_usage_percentage': 25 };
    expect(systemMetricValues(gap, start, start)).toEqual(memory);
    const network = { 'system/network_receive_megabytes': 2.5, 'system/network_transmit_megabytes': 2 };
    expect(systemMetricValues(now, gap, start)).toEqual({ ...memory, ...network });
  });

  it('is asked a few times more for what it did not tell in time, as the first question wakes up a driver', async () => {
    const late = Object.assign(new Error('too slow'), { killed: true });
    const gpu = { index: 0, memoryUsed: 0, memoryTotal: 1, utilization: 0, powerWatts: 0, powerLimitWatts: 1 };
    const answers = [late, late, [gpu]];
    let asked = 0;
    const woken = new MachineReader({ ...machine, gpus: async () => (asked++ < 2 ? Promise.reject(late) : [gpu]) });
    for (const answer of answers) expect((await woken.read(['gpus'])).gpus).toEqual(answer === late ? undefined : answer);
    let asleep = 0;
    const never = new MachineReader({ ...machine, gpus: async () => (asleep++, Promise.reject(late)) });
    for (let sample = 0; sample < 10; sample++) await never.read(['gpus']);
    expect(asleep).toBe(3);
  });
});
