import type { TestRunner } from '../test-runner.ts';
import { capabilityClauses } from './capability-clauses.ts';
import { closeClauses } from './close-clauses.ts';
import { deliverClauses } from './deliver-clauses.ts';
import type { ExperimentTrackerSuite } from './experiment-tracker-suite.ts';
import { faultClauses } from './fault-clauses.ts';
import { openClauses } from './open-clauses.ts';
import { outputClauses } from './output-clauses.ts';
import { redeliveryClauses } from './redelivery-clauses.ts';
import { TrackerPlace, type Clause } from './tracker-place.ts';

/**
 * Tests an experiment tracker against everything that `ExperimentTracker` promises. What a run became is read at the backend, and not taken
 * from what the tracker says.
 */
export function testExperimentTracker(runner: TestRunner, suite: ExperimentTrackerSuite): void {
  const it: Clause = (claim, prove) =>
    runner.it(claim, async () => {
      const place = await TrackerPlace.open(suite);
      try {
        await prove(place);
      } finally {
        await place.end();
      }
    });
  runner.describe(`the experiment tracker ${suite.name}`, () => {
    capabilityClauses(it, suite);
    openClauses(it, suite);
    deliverClauses(it, suite);
    redeliveryClauses(it, suite);
    outputClauses(it, suite);
    closeClauses(it, suite);
    faultClauses(it, suite);
  });
}
