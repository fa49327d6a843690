import type { Answer } from './http/answer.ts';

/** One point of a metric's curve. */
export interface Metric {
  key: string;
  /**
   * NaN is kept by the server and read back as NaN, apart from 0. Infinities are stored as the largest finite double, so the server cannot tell
   * `Infinity` from `Number.MAX_VALUE`, nor their negatives; both are read back as infinities.
   */
  value: number;
  /** ms since the epoch, UTC, a whole number. */
  timestamp: number;
  /** A whole number. Default 0. */
  step?: number;
  /** Id of the logged model that the value is of. */
  modelId?: string;
  /** Of the dataset that the value was measured on; a name needs a digest. */
  datasetName?: string;
  datasetDigest?: string;
}

/** A metric as the server keeps it. Points with equal key, value, timestamp and step are one. */
export type MetricPoint = Metric & { step: number };

/** A page of a metric's history, by timestamp, then step, then value. */
export interface MetricHistoryPage {
  points: MetricPoint[];
  nextPageToken?: string;
}

/** What the server takes for a number: JSON has no NaN and no infinities, it has words for them. */
export function encodedNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

export function metricPoint(point: Answer): MetricPoint {
  return {
    key: point.required('key'),
    value: decodedNumber(point.number('value')),
    timestamp: point.number('timestamp'),
    step: point.number('step'),
    ...point.optionalText('modelId', 'model_id'),
    ...point.optionalText('datasetName', 'dataset_name'),
    ...point.optionalText('datasetDigest', 'dataset_digest'),
  };
}

function decodedNumber(value: number): number {
  return Math.abs(value) === Number.MAX_VALUE ? Math.sign(value) * Infinity : value;
}
