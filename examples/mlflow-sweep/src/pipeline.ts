import { activeRun, pipeline, step } from '@mortise/core';

import { readIris, SPECIES, type IrisData } from './iris.ts';
import { predict, scoreOf, trainSoftmax, type Score, type SoftmaxModel } from './softmax.ts';

const SOURCE = 'https://doi.org/10.24432/C56C76';

/** A model of the sweep, and how well it does on rows kept for choosing. */
interface Trial extends Score {
  learningRate: number;
  l2: number;
  model: SoftmaxModel;
}

interface TrainInputs {
  learningRate: number;
  l2: number;
  epochs: number;
  data: IrisData;
}

const asBytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

const load = step('load', { cacheFiles: ['data/iris.csv'] }, () => readIris());

const train = step(
  'train',
  { experimentTracker: true, settings: { 'experiment-tracker': { runName: 'softmax', tags: { kind: 'trial' } } } },
  async ({ learningRate, l2, epochs, data }: TrainInputs): Promise<Trial> => {
    const run = activeRun();
    run.logDataset({ name: 'iris', digest: data.digest, source: SOURCE, context: 'training' });
    const model = trainSoftmax(data.train, {
      ...{ learningRate, l2, epochs },
      onEpoch: (epoch, now) => {
        run.logMetrics({ ...scoreOf(now, data.train) }, { step: epoch, context: 'train' });
        run.logMetrics({ ...scoreOf(now, data.validation) }, { step: epoch, context: 'validation' });
      },
    });
    const score = scoreOf(model, data.validation);
    run.setNote(
      `Softmax regression with the learning rate **${learningRate}** and the penalty **${l2}**: ${percent(score)} of the validation rows.`,
    );
    await run.logArtifact(asBytes(model), { path: 'model/softmax.json' });
    return { learningRate, l2, model, ...score };
  },
);

const choose = step('choose', ({ trials }: { trials: Trial[] }): Trial =>
  trials.reduce((best, trial) => (trial.loss < best.loss ? trial : best)),
);

const evaluate = step(
  'evaluate',
  {
    experimentTracker: true,
    settings: {
      'experiment-tracker': { runName: 'champion' },
      'experiment-tracker.mlflow': { registerModel: 'iris', modelAlias: 'candidate' },
    },
  },
  async ({ best, data }: { best: Trial; data: IrisData }): Promise<Score> => {
    const run = activeRun();
    const { model, learningRate, l2 } = best;
    const score = scoreOf(model, data.test);
    const predicted = predict(model, data.test.features);
    run.logDataset({ name: 'iris', digest: data.digest, source: SOURCE, context: 'test' });
    run.logParams({ learningRate, l2 });
    run.logMetrics({ ...score }, { context: 'test' });
    run.setNote(
      `**The champion**, learning rate **${learningRate}** and penalty **${l2}**: ${percent(score)} of the rows that nothing else has seen.`,
    );
    run.logFigure('confusion', confusionFigure(data.test.labels, predicted));
    run.logTable(
      'predictions',
      data.test.labels.map((label, row) => ({ row, species: SPECIES[label]!, predicted: SPECIES[predicted[row]!]! })),
    );
    await run.logArtifact(asBytes(model), { path: 'model/softmax.json' });
    return score;
  },
);

const percent = ({ accuracy }: Score): string => `${(100 * accuracy).toFixed(1)} %`;

/** A Plotly heatmap of how many rows of each species were taken for which. */
function confusionFigure(labels: number[], predicted: number[]) {
  const count = (actual: number, as: number) => labels.filter((label, row) => label === actual && predicted[row] === as).length;
  const z = SPECIES.map((_, actual) => SPECIES.map((_, as) => count(actual, as)));
  return {
    data: [{ type: 'heatmap', x: SPECIES, y: SPECIES, z, colorscale: 'Blues', showscale: false, texttemplate: '%{z}' }],
    layout: { title: { text: 'Rows by species (up) and predicted species (across)' } },
  };
}

/** Trains the same model with several settings, chooses the best on rows kept for that, and judges it on rows that nothing else has seen. */
export const sweep = pipeline(
  'iris-sweep',
  {
    params: { learningRates: [0.03, 0.1, 0.3, 1, 0.3, 1], l2s: [0, 0, 0, 0, 0.03, 0.03], epochs: 80 },
    settings: { 'experiment-tracker': { tags: { data: 'iris' } } },
  },
  ({ learningRates, l2s, epochs }) => {
    const data = load();
    const trials = train.map({ learningRate: learningRates, l2: l2s }, { data, epochs });
    return evaluate({ best: choose({ trials }), data });
  },
);
