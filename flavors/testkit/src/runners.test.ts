import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { CollectingRunner } from './testing/collecting-runner.ts';
import { memorySuite } from './testing/memory-alerter.ts';
import { runnerPackage, type RunnerPackage } from './testing/runner-package.ts';
import { testAlerter } from './alerter/test-alerter.ts';

const RUNNERS = ['jest', 'vitest', 'node:test'] as const;

/** An alerter that keeps every clause, or loses the title. */
const bell = (title: string): string => `
import { setTimeout as delay } from 'node:timers/promises';
export function backend() {
  const received = [];
  let fault;
  const reach = async (signal) => {
    signal.throwIfAborted();
    await delay(fault === 'hang' ? 4_000 : 1, undefined, { signal });
    if (fault) throw new Error('it cannot be reached');
  };
  return {
    received: async () => received,
    fail: async (what) => { fault = what; return async () => { fault = undefined; }; },
    create: async () => ({
      check: reach,
      async send({ title, text, ...facts }, signal) {
        await reach(signal);
        received.push({ ...facts, text: ${title} + ' ' + text });
      },
    }),
  };
}
`;

const suite = (runner: string, flavor: string): string => `
import { describe, it } from '${runner === 'jest' ? '@jest/globals' : runner}';
import { testAlerter } from '@mortise/flavor-testkit';
import { backend } from './${flavor}';

testAlerter({ describe, it }, { name: 'bell', faults: ['down', 'denied', 'hang'], backend: async () => backend() });
`;

let place: RunnerPackage;

beforeAll(() => {
  place = runnerPackage();
  place.write('whole-bell.js', bell('title'));
  place.write('broken-bell.js', bell("''"));
  for (const runner of RUNNERS)
    for (const flavor of ['whole', 'broken']) place.write(`${fileOf(runner, flavor)}`, suite(runner, `${flavor}-bell.js`));
});
afterAll(() => place.remove());

const fileOf = (runner: string, flavor: string): string => `${flavor}-${runner.replace(':', '-')}.test.js`;

/** As many as the suite has for an alerter that lacks nothing and can fail in every way. */
function claims(): number {
  const all = new CollectingRunner();
  testAlerter(all, { ...memorySuite(), secrets: [] });
  return all.tests.size;
}

describe.each(RUNNERS)('under %s', (runner) => {
  it('a suite runs whole: each of its claims is one test that passes', () => {
    expect(place.run(runner, fileOf(runner, 'whole'))).toEqual({ status: 0, count: { passed: claims(), failed: 0 } });
  });

  it('a flavor that breaks a clause is red', () => {
    const { status, count } = place.run(runner, fileOf(runner, 'broken'));
    expect(status).toBe(1);
    expect(count.failed).toBeGreaterThan(5);
    expect(count.passed + count.failed).toBe(claims());
  });
});
