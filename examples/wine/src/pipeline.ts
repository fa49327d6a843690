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

const load = step('load', { cacheFiles: ['data/wine.csv'] }, async () => readWine());

/** 60 % of the rows to learn from, 20 % to choose a model by, 20 % that nothing but the last step sees. */
const splitRows = step('split', { outputs: ['train', 'validation', 'test'] }, async ({ wine, seed }: { wine: Wine; seed: number }) => {
  const { train: rest, test } = split(wine, { testShare: 0.2, seed });
  const { train, test: validation } = split(rest, { testShare: 0.25, seed });
  return { train, validation, test };
});

const standardise = step('scale', async ({ train, rows }: { train: Wine; rows: Wine }) => ({
  ...rows,
  features: scale(rows.features, fitScaler(train.features)),
}));

const softmax = step(
  'softmax',
  { experimentTracker: true },
  async ({ learningRate, data, epochs }: { learningRate: number; data: Wine; epochs: number }) =>
    trainSoftmax(data, { learningRate, epochs, onEpoch: (epoch, metrics) => activeRun().logMetrics({ ...metrics }, { step: epoch }) }),
);

const forest = step('forest', { experimentTracker: true }, async ({ trees, data, seed }: { trees: number; data: Wine; seed: number }) => {
  const run = activeRun();
  const mean = crossValidateForest(data, { trees, seed, onFold: (fold, metrics) => run.logMetrics({ ...metrics }, { step: fold }) });
  run.logMetrics({ meanAccuracy: mean });
  return trainForest(data, { trees, seed });
});

const validate = step('validate', async ({ model, validation }: { model: Model; validation: Wine }) => ({
  accuracy: accuracy(predict(model, validation), validation.labels),
}));

interface Score {
  accuracy: number;
}
interface Candidates {
  softmaxes: SoftmaxModel[];
  softmaxScores: Score[];
  forests: ForestModel[];
  forestScores: Score[];
}

const choose = step('choose', async ({ softmaxes, softmaxScores, forests, forestScores }: Candidates): Promise<Model> => {
  const models = [...softmaxes, ...forests];
  const scores = [...softmaxScores, ...forestScores];
  const best = scores.reduce((best, score, index) => (score.accuracy > scores[best]!.accuracy ? index : best), 0);
  activeRun().logParams({ chosen: models[best]!.kind, of: models.length });
  activeRun().logMetrics({ validationAccuracy: scores[best]!.accuracy });
  return models[best]!;
});

const judge = step(
  'evaluate',
  { experimentTracker: true, outputs: { metrics: tracked.metrics(), confusion: tracked.figure(), report: {} } },
  async ({ model, test, fail }: { model: Model; test: Wine; fail: boolean }) => {
    if (fail) throw new Error('asked to fail by the param "fail"');
    const report: Evaluation = evaluate(predict(model, test), test.labels, test.classNames);
    return {
      metrics: { testAccuracy: report.accuracy, macroF1: report.macroF1 },
      confusion: {
        data: [{ type: 'heatmap', x: report.classNames, y: report.classNames, z: report.confusionMatrix }],
        layout: { title: 'Rows by class (down) and predicted class (across)' },
      },
      report,
    };
  },
);

/** Trains two kinds of model with several hyperparameters each, chooses the best on rows kept for that, and judges it on rows it never saw. */
export const wine = pipeline(
  'wine',
  { params: { seed: 42, epochs: 60, learningRates: [0.003, 0.03, 0.3], trees: [3, 9, 15], fail: false } },
  ({ seed, epochs, learningRates, trees, fail }) => {
    const { train, validation, test } = splitRows({ wine: load(), seed });
    const data = standardise({ train, rows: train });
    const heldOut = standardise({ train, rows: validation }, { id: 'scale_validation' });
    const softmaxes = softmax.map({ learningRate: learningRates }, { data, epochs });
    const forests = forest.map({ trees }, { data, seed });
    const model = choose({
      softmaxes,
      softmaxScores: validate.map({ model: softmaxes }, { validation: heldOut }, { id: 'validate_softmax' }),
      forests,
      forestScores: validate.map({ model: forests }, { validation: heldOut }, { id: 'validate_forest' }),
    });
    return judge({ model, test: standardise({ train, rows: test }, { id: 'scale_test' }), fail }).report;
  },
);
