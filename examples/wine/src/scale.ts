import { Matrix } from 'ml-matrix';

/** What makes each feature of the training rows have mean 0 and standard deviation 1. */
export interface Scaler {
  means: number[];
  deviations: number[];
}

export function fitScaler(features: number[][]): Scaler {
  const matrix = new Matrix(features);
  const means = matrix.mean('column');
  // A constant feature stays 0 instead of becoming NaN.
  const deviations = matrix.standardDeviation('column', { mean: means }).map((deviation) => deviation || 1);
  return { means, deviations };
}

export function scale(features: number[][], { means, deviations }: Scaler): number[][] {
  return new Matrix(features).subRowVector(means).divRowVector(deviations).to2DArray();
}
