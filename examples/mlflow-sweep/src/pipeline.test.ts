import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PipelineRun } from '@mortise/core/client';

import { buildCommand, type CliProject } from '../../../cli/src/testing/cli-project.ts';
import { exampleProject } from '../../../scripts/testing/example-project.ts';
import { readIris } from './iris.ts';
import { scoreOf, trainSoftmax } from './softmax.ts';

describe('the data', () => {
  it('are 150 flowers, of which every part has a third of each species', async () => {
    const { train, validation, test } = await readIris();
    const counts = [train, validation, test].map(({ labels }) =>
      [0, 1, 2].map((species) => labels.filter((label) => label === species).length),
    );
    expect(counts).toEqual([
      [30, 30, 30],
      [10, 10, 10],
      [10, 10, 10],
    ]);
  });
});

describe('a model', () => {
  it('learns: its loss falls, and it is right on more than 0.9 of the rows it never saw', async () => {
    const { train, test } = await readIris();
    const losses: number[] = [];
    const model = trainSoftmax(train, {
      learningRate: 1,
      l2: 0,
      epochs: 80,
      onEpoch: (_, now) => void losses.push(scoreOf(now, train).loss),
    });
    expect(losses).toEqual(losses.toSorted((a, b) => b - a));
    expect(scoreOf(model, test).accuracy).toBeGreaterThan(0.9);
  });
});

describe('the pipeline, on a stack without MLflow', () => {
  let project: CliProject;
  beforeAll(async () => {
    buildCommand();
    project = exampleProject('mlflow-sweep');
    await project.mortise(['init']);
    await project.mortise(['experiment-tracker', 'flavor', 'register', '@mortise/mlflow']);
  });
  afterAll(() => project.remove());

  it('tries every setting and chooses the one with the least loss', async () => {
    expect(await project.mortise(['run', 'src/pipeline.ts'])).toMatchObject({ code: 0, stderr: '' });
    const { status, steps } = await project.json<PipelineRun>('runs', 'show', 'latest');
    expect(status).toBe('completed');
    const trials = [0, 1, 2, 3, 4, 5].map((index) => steps[`train[${index}]`]!.tracker);
    const losses = trials.map(({ metrics }) => Number(metrics['validation/loss']!.last));
    const best = trials[losses.indexOf(Math.min(...losses))]!;
    expect(steps['evaluate']!.tracker.params).toMatchObject({ learningRate: best.params['learningRate'], l2: best.params['l2'] });
    expect(steps['evaluate']!.tracker.metrics['test/accuracy']!.last).toBeGreaterThan(0.9);
  });
});
