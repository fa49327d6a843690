/**
 * Ends the output with `N passed, N failed`, after everything jest itself prints. A file that cannot be loaded counts as one failed test; tests that were
 * skipped, because this machine or user cannot run them, are named before that.
 */
export default class LastLineReporter {
  onRunComplete(_contexts, results) {
    const skipped = results.testResults.flatMap(({ testResults }) => testResults.filter(({ status }) => status === 'pending'));
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    process.on('exit', () => {
      for (const { fullName } of skipped) process.stdout.write(`not run on this machine: ${fullName}\n`);
      process.stdout.write(`${results.numPassedTests} passed, ${failed} failed\n`);
    });
  }
}
