import base from './jest.config.mjs';

/** The tests against real servers; `npm run test:real` starts them. */
export default {
  ...base,
  testMatch: ['**/*.real.test.ts'],
  testPathIgnorePatterns: base.testPathIgnorePatterns.filter((pattern) => !pattern.includes('real')),
};
