import { MlflowError } from '../mlflow-error.ts';

/** With the flag `u` a whole character is none. */
const HALF = /\p{Surrogate}/u;
/** Longer keys are no names for a message. */
const LONGEST_NAME = 100;

/**
 * Refuses what holds text with half of a character in it, as text that was cut in the middle of an emoji: no UTF-8 can carry it. MLflow takes it with
 * 200, keeps the field as empty, and drops each field after it; a URL cannot be made of it at all. `call` is named in the error.
 */
export function refuseUnlessWellFormed(call: string, sent: unknown): void {
  const place = illFormed(sent);
  if (place === undefined) return;
  throw new MlflowError(
    'invalid',
    `${call} was not sent: ${place}, as text has that is cut inside an emoji. MLflow would lose what follows`,
  );
}

/** Where such a text is, and what: `tags["cut"].value has half of a character (\ud83d at 4)`. */
function illFormed(value: unknown): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : ` has ${halfOf(value)}`;
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return illFormedItem(value);
  // Without the pairs of Object.entries: batches have many points.
  for (const name of Object.keys(value)) {
    const place = illFormed((value as Record<string, unknown>)[name]);
    if (place !== undefined) return `${name}${dotted(place)}`;
  }
  return undefined;
}

function illFormedItem(list: readonly unknown[]): string | undefined {
  for (let at = 0; at < list.length; at++) {
    const place = illFormed(list[at]);
    if (place !== undefined) return `[${nameOf(list[at]) ?? at}]${dotted(place)}`;
  }
  return undefined;
}

/** `half of a character (\ud83d at 4)`: which, and where in the text. */
export function halfOf(text: string): string {
  const at = text.search(HALF);
  return `half of a character (\\u${text.charCodeAt(at).toString(16)} at ${at})`;
}

function dotted(place: string): string {
  return /^[ [.]/.test(place) ? place : `.${place}`;
}

/** Pairs and points in a list are known by their keys. */
function nameOf(item: unknown): string | undefined {
  const { key } = Object(item) as { key?: unknown };
  return typeof key === 'string' && key.length <= LONGEST_NAME && key.isWellFormed() ? JSON.stringify(key) : undefined;
}
