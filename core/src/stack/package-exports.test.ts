import { describe, expect, test } from '@jest/globals';
import { exportedFile } from './package-exports.ts';

describe('the file that a package exports for an import', () => {
  test.each<[what: string, exports: unknown, subpath: string, file: string | undefined]>([
    ['of a plain text', './a.js', '.', './a.js'],
    ['of nothing but conditions', { require: './a.cjs', import: './a.mjs' }, '.', './a.mjs'],
    ['in the order of the conditions', { default: './a.js', import: './a.mjs' }, '.', './a.js'],
    ['within conditions', { node: { require: './a.cjs', import: './a.mjs' }, default: './b.js' }, '.', './a.mjs'],
    ['past conditions that say nothing', { node: { require: './a.cjs' }, default: './b.js' }, '.', './b.js'],
    ['of a list, the first that applies', [{ require: './a.cjs' }, './b.js'], '.', './b.js'],
    ['of a subpath', { '.': './a.js', './sub': './sub.js' }, './sub', './sub.js'],
    ['of a pattern', { './lib/*': './dist/*.js' }, './lib/deep/x', './dist/deep/x.js'],
    ['of the longest pattern', { './*': './*.js', './lib/*': './dist/*.js' }, './lib/x', './dist/x.js'],
    ['of a pattern with an ending', { './*.js': './dist/*.js' }, './x.js', './dist/x.js'],
    ['not where it is said that there is none', { '.': { import: null, default: './a.js' } }, '.', undefined],
    ['not of a pattern that is taken back', { './*': './*.js', './internal/*': null }, './internal/x', undefined],
    ['not for require only', { require: './a.cjs' }, '.', undefined],
    ['not of a subpath that it does not name', { '.': './a.js' }, './sub', undefined],
    ['not outside of the package', { '.': '../a.js' }, '.', undefined],
    ['not of what is no exports', 7, '.', undefined],
  ])('%s', (_, exports, subpath, file) => {
    expect(exportedFile(exports, subpath)).toBe(file);
  });
});
