import type { TestRunner } from '../test-runner.ts';
import { AlerterPlace, type Clause } from './alerter-place.ts';
import type { AlerterSuite } from './alerter-suite.ts';
import { alerterFaultClauses } from './fault-clauses.ts';
import { sendClauses } from './send-clauses.ts';

/**
 * Tests an alerter against everything that `Alerter` promises. What arrived is read at the backend.
 * @example
 * testAlerter({ describe, it }, { name: 'mail', lacks: ['severity'], backend: async () => ({ create, received }) });
 */
export function testAlerter(runner: TestRunner, suite: AlerterSuite): void {
  const it: Clause = (claim, prove) =>
    runner.it(claim, async () => {
      const place = await AlerterPlace.open(suite);
      try {
        await prove(place);
      } finally {
        await place.end();
      }
    });
  runner.describe(`the alerter ${suite.name}`, () => {
    sendClauses(it, suite);
    alerterFaultClauses(it, suite);
  });
}
