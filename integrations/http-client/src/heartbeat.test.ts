import { expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';

import { Heartbeat } from './heartbeat.ts';

test('beats one at a time, however long one takes: where it has stopped, none is under way', async () => {
  const seen = { begun: 0, underWay: 0, most: 0 };
  const heartbeat = new Heartbeat(async () => {
    seen.begun += 1;
    seen.most = Math.max(seen.most, ++seen.underWay);
    await sleep(20);
    seen.underWay -= 1;
  }, 2);
  while (seen.begun < 3) await sleep(2);
  await heartbeat.stop();
  expect(seen).toMatchObject({ underWay: 0, most: 1 });
  const { begun } = seen;
  await sleep(30);
  expect(seen.begun).toBe(begun);
});

test('one that fails is followed by another', async () => {
  let begun = 0;
  const heartbeat = new Heartbeat(() => Promise.reject(new Error(`failure ${begun++}`)), 2);
  while (begun < 3) await sleep(2);
  await heartbeat.stop();
});

test('who waits for it to stop can give up, which ends the one that is under way', async () => {
  const ended = Promise.withResolvers<void>();
  let begun = false;
  const heartbeat = new Heartbeat((signal) => {
    begun = true;
    signal.addEventListener('abort', () => ended.resolve());
    return ended.promise;
  }, 2);
  while (!begun) await sleep(2);
  const giving = new AbortController();
  const stopped = heartbeat.stop(giving.signal);
  giving.abort();
  await stopped;
});
