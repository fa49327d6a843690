/** swc strips types; the file's name says which decorators it means: `x.tc39.test.ts` the standard ones, everything else TypeScript's legacy ones. */
const swc = (transform) => [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      target: 'es2023',
      transform: { useDefineForClassFields: true, ...transform },
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
];

export default {
  roots: ['core', 'flavors', 'integrations', 'cli', 'examples', 'benchmarks', 'scripts'].map((folder) => `<rootDir>/${folder}`),
  testMatch: ['**/*.test.ts'],
  testEnvironment: 'node',
  // Packages resolve each other to their sources: no build is needed before a test.
  testEnvironmentOptions: { customExportConditions: ['mortise-source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.tc39\\.test\\.ts$': swc({ decoratorVersion: '2022-03' }),
    '\\.ts$': swc({ legacyDecorator: true }),
  },
  // What is written for users has node:test; scripts/authored-flavors.test.ts runs it. What needs real servers is in jest.real.config.mjs.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/cli/templates/', '<rootDir>/examples/custom-', '\\.real\\.test\\.ts$'],
  modulePathIgnorePatterns: ['/dist/', '/\\.scratch/', '/\\.mortise/'],
  maxWorkers: 2,
  // For every test: one that hangs is to fail, one on a machine that stands still for a minute is not.
  testTimeout: 300_000,
  reporters: [['default', { summaryThreshold: 1 }], '<rootDir>/scripts/last-line-reporter.mjs'],
};
