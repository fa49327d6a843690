/** What a suite needs of a test runner: jest's, vitest's and node:test's `describe` and `it` will do. */
export interface TestRunner {
  describe(what: string, define: () => void): unknown;
  it(claim: string, prove: () => Promise<void>): unknown;
}
