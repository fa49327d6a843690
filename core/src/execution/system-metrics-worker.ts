// What runs in the thread of `system-metrics.ts`: user code may block the main thread for hours, and what the machine does then is of interest.
import { workerData, type MessagePort } from 'node:worker_threads';

import { MachineReader } from './system-metrics-machine.ts';
import { Sampling } from './system-metrics-sampling.ts';
import type { ToSampler } from './system-metrics.ts';

/** Serves until the port is closed. */
async function serve(port: MessagePort): Promise<void> {
  const { platform } = process;
  const machine =
    platform === 'linux'
      ? (await import('./system-metrics-linux.ts')).linuxMachine
      : (await import('./system-metrics-elsewhere.ts')).machineElsewhere;
  const reader = new MachineReader(machine);
  const samplings = new Map<number, Sampling>();
  port.on('close', () => {
    for (const sampling of samplings.values()) void sampling.end(false);
  });
  port.on('message', (message: ToSampler) => {
    const { id } = message;
    if ('intervalMs' in message) {
      samplings.set(id, new Sampling(reader, message.intervalMs, (sample) => port.postMessage({ id, sample })));
      return;
    }
    void samplings
      .get(id)
      ?.end(message.last)
      .then(() => port.postMessage({ id }));
    samplings.delete(id);
  });
}

void serve((workerData as { port: MessagePort }).port);
