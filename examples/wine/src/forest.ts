import { RandomForestClassifier } from 'ml-random-forest';
import { accuracy } from './evaluate.ts';
import { folds } from './split.ts';
import type { Wine } from './wine-data.ts';

/** A random forest as plain JSON; `predictForest` makes it work again. */
export interface ForestModel {
  kind: 'forest';
  forest: ReturnType<RandomForestClassifier['toJSON']>;
}

export interface ForestOptions {
  trees?: number;
  maxDepth?: number;
  /** How many of the features each tree may look at. */
  maxFeatures?: number;
  seed?: number;
}

export function trainForest(data: Wine, { trees = 15, maxDepth = 6, maxFeatures = 6, seed = 42 }: ForestOptions = {}): ForestModel {
  const forest = new RandomForestClassifier({
    nEstimators: trees,
    maxFeatures,
    replacement: false,
    noOOB: true,
    treeOptions: { maxDepth },
    seed,
  });
  forest.train(data.features, data.labels);
  return { kind: 'forest', forest: throughText(forest.toJSON()) };
}

export function predictForest(model: ForestModel, features: number[][]): number[] {
  return RandomForestClassifier.load(throughText(model.forest)).predict(features);
}

export interface CrossValidationOptions extends ForestOptions {
  /** How many folds. */
  count?: number;
  /** Called after each fold, counted from 1, with the accuracy on its test rows. */
  onFold?: (fold: number, metrics: { accuracy: number }) => void;
}

/** Trains on all folds but one and tests on that one, for each of them. Returns the mean accuracy. */
export function crossValidateForest(data: Wine, { count = 5, seed = 42, onFold, ...options }: CrossValidationOptions = {}): number {
  const scores = folds(data, { count, seed }).map(({ train, test }, fold) => {
    const model = trainForest(train, { ...options, seed });
    const score = accuracy(predictForest(model, test.features), test.labels);
    onFold?.(fold + 1, { accuracy: score });
    return score;
  });
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** toJSON() leaves tree nodes and matrices inside, and load() knows only arrays of its own realm: text makes both plain. */
function throughText(forest: ForestModel['forest']): ForestModel['forest'] {
  return JSON.parse(JSON.stringify(forest)) as ForestModel['forest'];
}
