import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, it } from '@jest/globals';

import { Slots } from './slots.ts';

describe('slots', () => {
  it('let no more work run at once than there are, and all of it in its order', async () => {
    const slots = new Slots(3);
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    const work = async (i: number): Promise<void> => {
      begun.push(i);
      most = Math.max(most, ++running);
      await turn();
      running--;
      if (i === 4) throw new Error('four');
    };
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => slots.run(() => work(i))));
    expect(begun).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(most).toBe(3);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
  });

  it('are not taken by who gave up waiting', async () => {
    const slots = new Slots(1);
    const gate = Promise.withResolvers<void>();
    const first = slots.run(() => gate.promise);
    const stop = new AbortController();
    const second = slots.run(async () => 'second', stop.signal);
    const third = slots.run(async () => 'third');
    stop.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    gate.resolve();
    await first;
    expect(await third).toBe('third');
    await expect(slots.run(async () => 'fourth', stop.signal)).rejects.toThrow('enough');
    expect(await slots.run(async () => 'fifth')).toBe('fifth');
  });

  it('are given to who wants many before those who came later, and to these when the former gives up', async () => {
    const slots = new Slots(4);
    await slots.take(2);
    const stop = new AbortController();
    const got: string[] = [];
    const many = slots.take(9, stop.signal).then(
      () => got.push('many'),
      () => got.push('gave up'),
    );
    const few = slots.take(1).then(() => got.push('few'));
    await turn();
    expect(got).toEqual([]);
    stop.abort(new Error('enough'));
    await Promise.all([many, few]);
    expect(got.sort()).toEqual(['few', 'gave up']);
    slots.give(3);
    await slots.take(9);
  });

  it('are not waited for without end where holders may wait for who waits', async () => {
    const slots = new Slots(1, { stalledMs: 20 });
    await slots.take(1);
    await slots.take(1);
    await slots.take(1);
    slots.give(3);
    const order: number[] = [];
    await slots.take(1);
    await Promise.all([1, 2].map((i) => slots.take(1).then(() => order.push(i))));
    expect(order).toEqual([1, 2]);
  });
});
