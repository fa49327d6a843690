import { ConfusionMatrix } from 'ml-confusion-matrix';

export interface Evaluation {
  accuracy: number;
  /** The mean of the classes' F1 scores, every class counting the same. */
  macroF1: number;
  classNames: string[];
  /** `confusionMatrix[actual][predicted]`: how many rows. */
  confusionMatrix: number[][];
}

/** Compares predicted with actual classes (indices into `classNames`), row by row. */
export function evaluate(predicted: number[], actual: number[], classNames: string[]): Evaluation {
  const classes = [...classNames.keys()];
  const confusion = ConfusionMatrix.fromLabels(actual, predicted, { labels: classes });
  // F1 is 0/0 for a class that is neither there nor predicted.
  const scores = classes.map((label) => confusion.getF1Score(label) || 0);
  return {
    accuracy: confusion.getAccuracy(),
    macroF1: scores.reduce((sum, score) => sum + score, 0) / scores.length,
    classNames,
    confusionMatrix: confusion.getMatrix(),
  };
}

/** The share of rows predicted right, 0 to 1. */
export function accuracy(predicted: number[], actual: number[]): number {
  return predicted.filter((label, row) => label === actual[row]).length / actual.length;
}
