import { describe, expect, test } from '@jest/globals';

import { RunSummary } from './run-summary.ts';

describe('the summary of a run', () => {
  test('has the last value of each metric, nested as they were, and leaves out null', () => {
    const summary = new RunSummary();
    summary.take({ _step: 0, loss: 1, n: { v: 1, w: 'a' }, once: 5 });
    summary.take({ _step: 1, loss: 0.5, n: { v: 2 }, gone: null });
    expect(summary.values()).toEqual({ _step: 1, loss: 0.5, n: { v: 2, w: 'a' }, once: 5 });
  });

  test('has what a definition says instead, of a name before that of a pattern', () => {
    const summary = new RunSummary();
    summary.define({ name: 'val/*', summary: ['min', 'max'] });
    summary.define({ name: 'val/acc', summary: ['first', 'last', 'mean'] });
    summary.define({ name: 'silent', summary: ['none'] });
    for (const value of [2, 1, 6]) summary.take({ 'val/loss': value, 'val/acc': value, silent: value });
    expect(summary.values()).toEqual({ 'val/loss': { min: 1, max: 6 }, 'val/acc': { first: 2, last: 6, mean: 3 } });
  });

  test('has what a definition says that comes after the metric, over all its values', () => {
    const summary = new RunSummary();
    for (const value of [2, 1]) summary.take({ loss: value, 'val/acc': value, text: 'a', silent: 1 });
    summary.define({ name: 'loss', summary: ['min', 'mean'] });
    summary.define({ name: 'val/*', summary: ['max'] });
    summary.define({ name: 'silent', summary: ['none'] });
    expect(summary.values()).toEqual({ loss: { min: 1, mean: 1.5 }, 'val/acc': { max: 2 }, text: 'a' });
    summary.take({ loss: 6, 'val/acc': 0, silent: 2 });
    expect([summary.values(), summary.sums()]).toEqual([{ loss: { min: 1, mean: 3 }, 'val/acc': { max: 2 }, text: 'a' }, { loss: [9, 3] }]);
    const again = new RunSummary();
    again.resume({ loss: 4 });
    again.define({ name: 'loss', summary: ['min'] });
    again.take({ loss: 5 });
    expect(again.values()).toEqual({ loss: { min: 4 } });
  });

  test('is NaN from the first NaN on, as in the vendor’s client', () => {
    const summary = new RunSummary();
    summary.define({ name: 'a', summary: ['min', 'mean', 'last'] });
    for (const value of [2, NaN, 6]) summary.take({ a: value });
    expect(summary.values()).toEqual({ a: { min: NaN, mean: NaN, last: 6 } });
  });

  test('tells what changed, once', () => {
    const summary = new RunSummary();
    summary.take({ a: 1, n: { v: 1 } });
    summary.set({ by: { hand: 1 } });
    expect(summary.changes()).toEqual([
      { path: ['a'], value: 1 },
      { path: ['n', 'v'], value: 1 },
      { path: ['by'], value: { hand: 1 } },
    ]);
    summary.take({ a: 2 });
    summary.define({ name: 'b', summary: ['min'] });
    expect(summary.changes()).toEqual([{ path: ['a'], value: 2 }]);
    summary.define({ name: 'a', summary: ['min'] });
    expect(summary.changes()).toEqual([{ path: ['a'], value: { min: 1 } }]);
    expect(summary.changes()).toEqual([]);
  });

  test('holds what was set by hand until the metric comes again', () => {
    const summary = new RunSummary();
    summary.take({ a: { b: 1, c: 2 } });
    summary.set({ a: 'mine' });
    expect(summary.values()).toEqual({ a: 'mine' });
    summary.take({ a: 3 });
    expect(summary.values()).toEqual({ a: 3 });
  });
});
