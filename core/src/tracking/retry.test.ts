import { expect, test } from '@jest/globals';

import { Transient } from '../errors.ts';
import { pauseFor, retry } from './retry.ts';

test.each([
  [undefined, 0, 50, 100],
  [undefined, 3, 400, 800],
  [undefined, 100, 15_000, 30_000],
  [250, 0, 250, 250],
  [0, 0, 50, 100],
  [0, 3, 400, 800],
  [Number.NaN, 0, 50, 100],
  [-5, 0, 50, 100],
  [60_000, 5, 60_000, 60_000],
  [99_999_999_000, 0, 3_600_000, 3_600_000],
])('after a failure that asked for %p ms, the try after number %p waits from %p to %p ms', (asked, tries, least, most) => {
  for (let i = 0; i < 20; i++) {
    const pause = pauseFor(asked, tries);
    expect(pause).toBeGreaterThanOrEqual(least);
    expect(pause).toBeLessThanOrEqual(most);
  }
});

test('a server that asks to come back at once is not asked in a loop', async () => {
  const stop = new AbortController();
  let calls = 0;
  const call = async (): Promise<never> => {
    if (++calls === 4) stop.abort(new Error('enough'));
    throw new Transient('busy', { retryAfter: 0 });
  };
  const begun = performance.now();
  await expect(retry(call, { stop: stop.signal, failed: async () => undefined })).rejects.toThrow('enough');
  expect(performance.now() - begun).toBeGreaterThanOrEqual(50 + 100 + 200 - 5);
});
