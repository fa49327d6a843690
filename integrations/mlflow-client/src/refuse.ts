import { MlflowError } from './mlflow-error.ts';

/** Limits of the server's tables, characters (code points, as Python counts). */
const KEY = 250;
const PARAM_VALUE = 6_000;
const TAG_VALUE = 8_000;

/*
 * What these refuse, the server takes with 200 and stores as something else. One strange field even makes it drop all fields after it: a batch with
 * a decimal step loses the points that follow, a run with a decimal start time its name and tags.
 */

export function refuseUnlessMetric({
  key,
  value,
  timestamp,
  step = 0,
}: {
  key: string;
  value: number;
  timestamp: number;
  step?: number;
}): void {
  refuseUnlessKey('metric', key);
  if (typeof value !== 'number') throw invalid(`Metric ${quoted(key)} has a value that is no number: ${shown(value)}`);
  refuseUnlessTime(`metric ${quoted(key)}`, timestamp);
  if (!Number.isSafeInteger(step)) throw invalid(`Metric ${quoted(key)} has the step ${shown(step)}: MLflow keeps whole steps only`);
}

export function refuseUnlessParam({ key, value }: { key: string; value: string }): void {
  refuseUnlessKey('param', key);
  refuseUnlessText('Param', key, value, PARAM_VALUE);
}

export function refuseUnlessTag({ key, value }: { key: string; value: string }): void {
  refuseUnlessKey('tag', key);
  refuseUnlessText('Tag', key, value, TAG_VALUE);
}

/** `what` is named in the error: `start time of the run`. */
export function refuseUnlessTime(what: string, milliseconds: number): void {
  if (Number.isSafeInteger(milliseconds) && milliseconds >= 0) return;
  throw invalid(`The time of ${what} must be whole milliseconds since 1970, not ${shown(milliseconds)}`);
}

export function refuseUnlessKey(what: string, key: string): void {
  if (typeof key !== 'string' || key === '') throw invalid(`A ${what} has no key`);
  if (isLonger(key, KEY))
    throw invalid(`The key of ${what} ${quoted(key.slice(0, 40))}... is longer than the ${KEY} characters that MLflow keeps`);
}

function refuseUnlessText(what: string, key: string, value: string, limit: number): void {
  if (typeof value !== 'string') throw invalid(`${what} ${quoted(key)} has a value that is no text: ${shown(value)}`);
  if (!isLonger(value, limit)) return;
  throw invalid(`${what} ${quoted(key)} has ${codePoints(value)} characters, MLflow keeps ${limit} and cuts the rest without a word`);
}

export function invalid(message: string): MlflowError {
  return new MlflowError('invalid', message);
}

function isLonger(text: string, limit: number): boolean {
  return text.length > limit && codePoints(text) > limit;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function quoted(key: string): string {
  return JSON.stringify(key);
}

/** Whatever was given instead, in a few characters. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 40).toWellFormed()}...` : text;
}
