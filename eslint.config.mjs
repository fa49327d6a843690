import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  { ignores: ['**/dist/', '**/node_modules/', '.tsbuild/', '.scratch/', '**/.mortise/', 'coverage/', 'docs/.vitepress/cache/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: ['tsconfig.all.json'], tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['describe', 'it'], package: 'node:test' }] },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // A contract's method is async even where one implementation has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // Functions are taken out of built-in objects on purpose, to be put back.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    // What compiles with standard decorators.
    files: ['**/*.types.ts', '**/*.tc39.test.ts', 'examples/*/src/**/*.ts'],
    ignores: ['examples/custom-*/**'],
    languageOptions: { parserOptions: { project: ['tsconfig.types.json'] } },
  },
  {
    // What must not compile is typed `any` by the parser, and its expressions are never used.
    files: ['**/*.types.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    rules: { '@typescript-eslint/no-unused-vars': 'off', '@typescript-eslint/no-unused-expressions': 'off' },
  },
);
