/**
 * Ends the output with `N passed, N failed`, after everything jest itself prints. A file that cannot be loaded counts as one failed test; tests that were
 * skipped, because this machine or user cannot run them, are named before that.
 */
export default class LastLineReporter {
  /** Tests were picked by name: those that were not are no news. */
  #picked;

  constructor({ testNamePattern }) {
    this.#picked = testNamePattern !== undefined && testNamePattern !== '';
  }

  onRunComplete(_contexts, results) {
    const skipped = this.#picked
      ? []
      : results.testResults.flatMap(({ testResults }) => testResults.filter(({ status }) => status === 'pending'));
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    process.on('exit', () => {
      for (const { fullName } of skipped) process.stdout.write(`not run on this machine: ${fullName}\n`);
      process.stdout.write(`${results.numPassedTests} passed, ${failed} failed\n`);
    });
  }
}
