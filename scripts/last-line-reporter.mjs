import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * Ends the output with `N passed, N failed`, after everything jest itself prints. A file that cannot be loaded counts as one failed test; tests that were
 * skipped, because this machine or user cannot run them, are named before that. The same goes to the file MORTISE_TEST_RESULTS, where one is named.
 */
export default class LastLineReporter {
  /** Tests were picked by name: those that were not are no news. */
  #picked;

  constructor({ testNamePattern }) {
    this.#picked = testNamePattern !== undefined && testNamePattern !== '';
  }

  onRunComplete(_contexts, { testResults, numPassedTests }) {
    const skipped = this.#picked ? [] : testResults.flatMap((file) => file.testResults.filter(({ status }) => status === 'pending'));
    const fallen = testResults.flatMap(fallenIn);
    const results = process.env.MORTISE_TEST_RESULTS;
    if (results !== undefined) {
      const passedIn = Object.fromEntries(testResults.map((file) => [nameOf(file), file.numPassingTests]));
      writeFileSync(results, JSON.stringify({ passed: numPassedTests, passedIn, fallen }));
    }
    process.on('exit', () => {
      for (const { fullName } of skipped) process.stdout.write(`not run on this machine: ${fullName}\n`);
      process.stdout.write(`${numPassedTests} passed, ${fallen.length} failed\n`);
    });
  }
}

const nameOf = ({ testFilePath }) => relative(process.cwd(), testFilePath);

function fallenIn(result) {
  const file = nameOf(result);
  const tests = result.testResults.filter(({ status }) => status === 'failed').map(({ fullName }) => ({ file, test: fullName }));
  return tests.length === 0 && result.testExecError !== undefined ? [{ file, test: 'the file itself' }] : tests;
}
