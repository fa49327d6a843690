import { activeRun, pipeline, step, tracked } from '@mortise/core';

import { evaluate, type Evaluation } from './evaluate.ts';
import { fitScaler, scale } from './scale.ts';
import { predictSoftmax, trainSoftmax, type SoftmaxModel } from './softmax-regression.ts';
import { split, type Split } from './split.ts';
import { readWine, type Wine } from './wine-data.ts';

/** The same work as ordinary code: each call of a `@step` method is a step run, and `if` is an `if`. */
export class WineClass {
  @step({ cacheFiles: ['data/wine.csv'] })
  async load(): Promise<Wine> {
    return readWine();
  }

  @step()
  async split({ wine, seed }: { wine: Wine; seed: number }): Promise<Split> {
    const { train, test } = split(wine, { testShare: 0.3, seed });
    const scaler = fitScaler(train.features);
    return { train: { ...train, features: scale(train.features, scaler) }, test: { ...test, features: scale(test.features, scaler) } };
  }

  @step({ experimentTracker: true })
  async train({ data, learningRate }: { data: Wine; learningRate: number }): Promise<SoftmaxModel> {
    const run = activeRun();
    return trainSoftmax(data, { learningRate, epochs: 60, onEpoch: (epoch, metrics) => run.logMetrics({ ...metrics }, { step: epoch }) });
  }

  @step({ experimentTracker: true, outputs: { report: {}, metrics: tracked.metrics() } })
  async evaluate({ model, data }: { model: SoftmaxModel; data: Wine }): Promise<{ report: Evaluation; metrics: Record<string, number> }> {
    const report = evaluate(predictSoftmax(model, data.features), data.labels, data.classNames);
    return { report, metrics: { accuracy: report.accuracy, macroF1: report.macroF1 } };
  }

  @step()
  async good({ report, threshold }: { report: Evaluation; threshold: number }): Promise<boolean> {
    return report.accuracy >= threshold;
  }

  /** Where a real project would upload the model; here its artifact version is what is published. */
  @step()
  async publish({ model }: { model: SoftmaxModel }): Promise<SoftmaxModel> {
    return model;
  }

  @pipeline({ params: { learningRate: 0.03, seed: 42, threshold: 0.9 } })
  async run({ learningRate, seed, threshold }: { learningRate: number; seed: number; threshold: number }): Promise<{ published: boolean; accuracy: number }> {
    const { train, test } = await this.split({ wine: await this.load(), seed });
    const model = await this.train({ data: train, learningRate });
    const { report } = await this.evaluate({ model, data: test });
    const published = await this.good({ report, threshold });
    if (published) await this.publish({ model });
    return { published, accuracy: report.accuracy };
  }
}
