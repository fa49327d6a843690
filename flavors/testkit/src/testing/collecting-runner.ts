import type { TestRunner } from '../test-runner.ts';
import { within } from '../within.ts';

/** Longer than what a clause itself waits for. */
const LIMIT_MS = 60_000;

/** Collects tests instead of running them. */
export class CollectingRunner implements TestRunner {
  readonly tests = new Map<string, () => Promise<void>>();

  describe = (_what: string, define: () => void): void => define();

  it = (claim: string, prove: () => Promise<void>): void => {
    if (this.tests.has(claim)) throw new Error(`two tests claim "${claim}"`);
    this.tests.set(claim, prove);
  };

  /** What a test fails with; undefined when it passes. */
  async failureOf(claim: string): Promise<string | undefined> {
    const prove = this.tests.get(claim);
    if (prove === undefined) throw new Error(`no test claims "${claim}", only:\n${[...this.tests.keys()].join('\n')}`);
    return within(LIMIT_MS, 'the test', prove()).then(
      () => undefined,
      (error: Error) => error.message || error.name,
    );
  }
}
