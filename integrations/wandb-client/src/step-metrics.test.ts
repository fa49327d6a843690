import { describe, expect, test } from '@jest/globals';

import { StepMetrics } from './step-metrics.ts';

describe('step metrics', () => {
  test('come with their last value into rows that have a metric of theirs and not them', () => {
    const steps = new StepMetrics();
    steps.define({ name: 'val/*', stepMetric: 'epoch' });
    steps.define({ name: 'loss', stepMetric: 'batch' });
    expect(steps.filled({ 'val/acc': 1 })).toEqual({ 'val/acc': 1 });
    expect(steps.filled({ epoch: 1, batch: 10 })).toEqual({ epoch: 1, batch: 10 });
    expect(steps.filled({ 'val/acc': 2 })).toEqual({ 'val/acc': 2, epoch: 1 });
    expect(steps.filled({ 'val/acc': 2, epoch: 2, loss: 3 })).toEqual({ 'val/acc': 2, epoch: 2, loss: 3, batch: 10 });
    expect(steps.filled({ other: 1 })).toEqual({ other: 1 });
    expect(steps.filled({ 'val/loss': 2 })).toEqual({ 'val/loss': 2, epoch: 2 });
  });

  test('goes on from what a run had last', () => {
    const steps = new StepMetrics();
    steps.define({ name: 'loss', stepMetric: 'epoch' });
    steps.resume({ epoch: 4, loss: 1 });
    expect(steps.filled({ loss: 2 })).toEqual({ loss: 2, epoch: 4 });
  });
});
