import { activeRun, pipeline, step, tracked } from '@mortise/core';

import { accuracy, evaluate, type Evaluation } from './evaluate.ts';
import { crossValidateForest, predictForest, trainForest, type ForestModel } from './forest.ts';
import { fitScaler, scale } from './scale.ts';
import { predictSoftmax, trainSoftmax, type SoftmaxModel } from './softmax-regression.ts';
import { split } from './split.ts';
import { readWine, type Wine } from './wine-data.ts';

type Model = SoftmaxModel | ForestModel;

const predict = (model: Model, data: Wine): number[] =>
  model.kind === 'softmax' ? predictSoftmax(model, data.features) : predictForest(model, data.features);

interface Params {
  seed: number;
  epochs: number;
  learningRates: number[];
  trees: number[];
  threshold: number;
}

/** Ordinary code: each call of a `@step` method is a step run, a loop is a loop and `if` is an `if`. */
export class WineClass {
  @step({ cacheFiles: ['data/wine.csv'] })
  async load(): Promise<Wine> {
    return readWine();
  }

  /** 60 % of the rows to learn from, 20 % to choose a model by, 20 % that nothing but the last judgement sees. */
  @step({ outputs: ['train', 'validation', 'test'] })
  async split({ wine, seed }: { wine: Wine; seed: number }): Promise<{ train: Wine; validation: Wine; test: Wine }> {
    const { train: rest, test } = split(wine, { testShare: 0.2, seed });
    const { train, test: validation } = split(rest, { testShare: 0.25, seed });
    return { train, validation, test };
  }

  @step()
  async scale({ train, rows }: { train: Wine; rows: Wine }): Promise<Wine> {
    return { ...rows, features: scale(rows.features, fitScaler(train.features)) };
  }

  @step({ experimentTracker: true })
  async softmax({ data, learningRate, epochs }: { data: Wine; learningRate: number; epochs: number }): Promise<Model> {
    const run = activeRun();
    return trainSoftmax(data, { learningRate, epochs, onEpoch: (epoch, metrics) => run.logMetrics({ ...metrics }, { step: epoch }) });
  }

  @step({ experimentTracker: true })
  async forest({ data, trees, seed }: { data: Wine; trees: number; seed: number }): Promise<Model> {
    const run = activeRun();
    crossValidateForest(data, { trees, seed, onFold: (fold, metrics) => run.logMetrics({ ...metrics }, { step: fold }) });
    return trainForest(data, { trees, seed });
  }

  @step()
  async validate({ model, validation }: { model: Model; validation: Wine }): Promise<number> {
    return accuracy(predict(model, validation), validation.labels);
  }

  @step({ experimentTracker: true, outputs: { report: {}, metrics: tracked.metrics() } })
  async evaluate({ model, test }: { model: Model; test: Wine }): Promise<{ report: Evaluation; metrics: Record<string, number> }> {
    const report = evaluate(predict(model, test), test.labels, test.classNames);
    return { report, metrics: { testAccuracy: report.accuracy, macroF1: report.macroF1 } };
  }

  @step()
  async good({ report, threshold }: { report: Evaluation; threshold: number }): Promise<boolean> {
    return report.accuracy >= threshold;
  }

  /** Where a real project would upload the model; here its artifact version is what is published. */
  @step()
  async publish({ model }: { model: Model }): Promise<Model> {
    return model;
  }

  @pipeline({ params: { seed: 42, epochs: 60, learningRates: [0.003, 0.03, 0.3], trees: [3, 9, 15], threshold: 0.9 } })
  async run({ seed, epochs, learningRates, trees, threshold }: Params): Promise<{ published: boolean; accuracy: number }> {
    const { train, validation, test } = await this.split({ wine: await this.load(), seed });
    const data = await this.scale({ train, rows: train });
    const models = await Promise.all([
      ...learningRates.map((learningRate) => this.softmax({ data, learningRate, epochs })),
      ...trees.map((count) => this.forest({ data, trees: count, seed })),
    ]);

    const heldOut = await this.scale({ train, rows: validation });
    let best = { model: models[0]!, accuracy: -1 };
    for (const model of models) {
      const accuracy = await this.validate({ model, validation: heldOut });
      if (accuracy > best.accuracy) best = { model, accuracy };
    }

    const { report } = await this.evaluate({ model: best.model, test: await this.scale({ train, rows: test }) });
    const published = await this.good({ report, threshold });
    if (published) await this.publish({ model: best.model });
    return { published, accuracy: report.accuracy };
  }
}
