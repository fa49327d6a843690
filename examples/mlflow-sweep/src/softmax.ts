import type { Flowers } from './iris.ts';
import { SPECIES } from './iris.ts';

/** A linear classifier: the probabilities of a row are softmax(row · weights + bias). `weights[feature][species]`, `bias[species]`. */
export interface SoftmaxModel {
  weights: number[][];
  bias: number[];
}

/** Mean cross-entropy, and the share of rows whose likeliest species is the right one. */
export interface Score {
  loss: number;
  accuracy: number;
}

export interface TrainingOptions {
  learningRate: number;
  epochs: number;
  /** Strength of the penalty on large weights. */
  l2: number;
  /** Called after each epoch, counted from 1. */
  onEpoch: (epoch: number, model: SoftmaxModel) => void;
}

/** Full-batch gradient descent. It starts at zero, so that the same rows always give the same model. */
export function trainSoftmax({ features, labels }: Flowers, { learningRate, epochs, l2, onEpoch }: TrainingOptions): SoftmaxModel {
  const weights = features[0]!.map(() => SPECIES.map(() => 0));
  const bias = SPECIES.map(() => 0);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    // d loss / d logits of a row = probabilities - target
    const errors = features.map((row, i) => probabilities({ weights, bias }, row).map((p, species) => p - Number(species === labels[i])));
    for (const species of SPECIES.keys()) {
      bias[species]! -= learningRate * mean(errors.map((error) => error[species]!));
      for (const feature of weights.keys()) {
        const slope = mean(errors.map((error, i) => error[species]! * features[i]![feature]!));
        weights[feature]![species]! -= learningRate * (slope + l2 * weights[feature]![species]!);
      }
    }
    onEpoch(epoch, { weights, bias });
  }
  return { weights, bias };
}

export function predict(model: SoftmaxModel, features: number[][]): number[] {
  return features.map((row) => {
    const ps = probabilities(model, row);
    return ps.indexOf(Math.max(...ps));
  });
}

export function scoreOf(model: SoftmaxModel, { features, labels }: Flowers): Score {
  const predicted = predict(model, features);
  return {
    loss: mean(features.map((row, i) => -Math.log(probabilities(model, row)[labels[i]!]!))),
    accuracy: mean(labels.map((label, i) => Number(predicted[i] === label))),
  };
}

function probabilities({ weights, bias }: SoftmaxModel, row: number[]): number[] {
  const logits = bias.map((offset, species) => row.reduce((sum, value, feature) => sum + value * weights[feature]![species]!, offset));
  // Less the largest, so that exp never overflows.
  const largest = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((all, value) => all + value, 0);
  return exponentials.map((value) => value / sum);
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
