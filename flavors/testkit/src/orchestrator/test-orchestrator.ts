import type { TestRunner } from '../test-runner.ts';
import { failureClauses } from './failure-clauses.ts';
import { mapClauses } from './map-clauses.ts';
import { orderClauses } from './order-clauses.ts';
import { OrchestratorPlace, type Clause } from './orchestrator-place.ts';
import type { OrchestratorSuite } from './orchestrator-suite.ts';
import { stopClauses } from './stop-clauses.ts';

/**
 * Tests an orchestrator against everything that `Orchestrator` promises, with plans whose steps do nothing but take a while.
 * @example
 * testOrchestrator({ describe, it }, { name: 'local', backend: temporaryBackend(localOrchestrator) });
 */
export function testOrchestrator(runner: TestRunner, suite: OrchestratorSuite): void {
  const it: Clause = (claim, prove) =>
    runner.it(claim, async () => {
      const place = await OrchestratorPlace.open(suite);
      try {
        await prove(place);
      } finally {
        await place.end();
      }
    });
  runner.describe(`the orchestrator ${suite.name}`, () => {
    orderClauses(it, suite);
    mapClauses(it);
    failureClauses(it, suite);
    stopClauses(it, suite);
  });
}
