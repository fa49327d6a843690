import { Matrix } from 'ml-matrix';
import { accuracy } from './evaluate.ts';
import type { Wine } from './wine-data.ts';

/** A linear classifier: the class probabilities of a row x are softmax(x · weights + bias). `weights[feature][class]`, `bias[class]`. */
export interface SoftmaxModel {
  kind: 'softmax';
  weights: number[][];
  bias: number[];
}

export interface SoftmaxOptions {
  learningRate?: number;
  epochs?: number;
  /** Strength of the L2 penalty on the weights. */
  l2?: number;
  /** Called after each pass over the rows, counted from 1, with the loss and accuracy the model had on them before its update. */
  onEpoch?: (epoch: number, metrics: { loss: number; accuracy: number }) => void;
}

/** Full-batch gradient descent on the mean cross-entropy. It starts at zero, so the same rows always give the same model. */
export function trainSoftmax(data: Wine, { learningRate = 0.1, epochs = 100, l2 = 0.001, onEpoch }: SoftmaxOptions = {}): SoftmaxModel {
  const inputs = new Matrix(data.features);
  const targets = oneHot(data.labels, data.classNames.length);
  const weights = Matrix.zeros(inputs.columns, targets.columns);
  const bias = Matrix.zeros(1, targets.columns);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const probabilities = softmax(inputs.mmul(weights).addRowVector(bias));
    onEpoch?.(epoch, { loss: crossEntropy(probabilities, data.labels), accuracy: accuracy(likeliest(probabilities), data.labels) });
    // d loss / d logits = (probabilities - targets) / rows
    const error = Matrix.sub(probabilities, targets).div(inputs.rows);
    const gradient = inputs.transpose().mmul(error).add(Matrix.mul(weights, l2));
    weights.sub(gradient.mul(learningRate));
    bias.sub(Matrix.rowVector(error.sum('column')).mul(learningRate));
  }
  return { kind: 'softmax', weights: weights.to2DArray(), bias: bias.getRow(0) };
}

export function predictSoftmax(model: SoftmaxModel, features: number[][]): number[] {
  return likeliest(new Matrix(features).mmul(new Matrix(model.weights)).addRowVector(model.bias));
}

function softmax(logits: Matrix): Matrix {
  // Less the row's maximum, so that exp never overflows.
  const exponentials = logits.subColumnVector(logits.max('row')).exp();
  return exponentials.divColumnVector(exponentials.sum('row'));
}

function crossEntropy(probabilities: Matrix, labels: number[]): number {
  const losses = labels.map((label, row) => -Math.log(Math.max(probabilities.get(row, label), Number.EPSILON)));
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

function likeliest(scores: Matrix): number[] {
  return Array.from({ length: scores.rows }, (_, row) => scores.maxRowIndex(row)[1]);
}

function oneHot(labels: number[], classes: number): Matrix {
  const matrix = Matrix.zeros(labels.length, classes);
  labels.forEach((label, row) => matrix.set(row, label, 1));
  return matrix;
}
