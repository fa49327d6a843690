import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';

import { MachineReader, type Machine } from './system-metrics-machine.ts';
import { Sampling, type SystemSample } from './system-metrics-sampling.ts';

// The clock is the test's own: what a stall of the machine does to the times is no part of this.
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const missing = async (): Promise<never> => {
  throw new Error('not here');
};

/** A machine whose CPU works for a tenth of the time, and whose memory takes so long to tell. */
function machine(answerMs: number): MachineReader {
  const told: Machine = {
    cpu: async () => ({ busy: Date.now() / 10, total: Date.now() }),
    memory: () => new Promise((resolve) => setTimeout(resolve, answerMs, { used: 1, total: 2 })),
    disk: missing,
    network: missing,
    gpus: missing,
  };
  return new MachineReader(told);
}

async function samplesOf(answerMs: number, ms: number, last = true): Promise<SystemSample[]> {
  const samples: SystemSample[] = [];
  const sampling = new Sampling(machine(answerMs), 500, (sample) => void samples.push(sample));
  await jest.advanceTimersByTimeAsync(ms);
  const ended = sampling.end(last);
  await jest.advanceTimersByTimeAsync(answerMs);
  await ended;
  return samples;
}

it('samples soon after the start, then at each interval from the start, then at the end', async () => {
  const from = Date.now();
  const samples = await samplesOf(0, 1_250);
  const due = [200, 500, 1_000, 1_250];
  expect(samples.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
  for (const [index, { at, values }] of samples.entries()) {
    expect(at - from).toBe(due[index]);
    expect(values['system/cpu_utilization_percentage']).toBeCloseTo(10, 0);
  }
});

it('leaves out intervals that a slow answer took up, and at the end waits for the one under way', async () => {
  const samples = await samplesOf(900, 1_600);
  expect(samples.map(({ step }) => step)).toEqual([0, 1]);
});

it('takes no sample at the end when none is wanted, nor later', async () => {
  const samples = await samplesOf(0, 350, false);
  await jest.advanceTimersByTimeAsync(300);
  expect(samples).toHaveLength(1);
});
