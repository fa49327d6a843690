import type { Json } from '@mortise/core';

/** A point of a metric. `timestamp` in ms UTC. */
export interface CometPoint {
  name: string;
  value: number;
  step: number;
  timestamp: number;
}

/** By which a point is known again. Its value is left out: Comet gives it back as a text. */
export function idOf({ name, step, timestamp }: { name: string; step: number | null; timestamp: number | null }): string {
  return `${step} ${timestamp} ${name}`;
}

export interface CometParam {
  name: string;
  value: Json;
  timestamp: number;
}

/** A line of output, with its end. */
export interface CometLine {
  text: string;
  stderr: boolean;
  timestamp: number;
  /** Its place among the lines of the experiment. */
  offset: number;
}

/** A number as Comet's Python client sends it: JSON has no NaN and no infinities, so they are texts. */
export function sentNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

export function batchOfPoints(experimentKey: string, points: readonly CometPoint[]): string {
  return JSON.stringify({
    experimentKey,
    values: points.map(({ name, value, step, timestamp }) => ({
      ...{ metricName: name, metricValue: sentNumber(value), step, epoch: null, context: null, timestamp },
    })),
  });
}

export function batchOfParams(experimentKey: string, params: readonly CometParam[]): string {
  return JSON.stringify({
    experimentKey,
    values: params.map(({ name, value, timestamp }) => ({
      ...{ parameterName: name, parameterValue: value, step: null, source: 'manual', context: null, timestamp },
    })),
  });
}
