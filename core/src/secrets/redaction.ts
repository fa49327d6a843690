import type { Json } from '../json.ts';
import type { LoggedEvent } from '../tracking/experiment-tracker.ts';
import { keptSecrets } from './kept-secrets.ts';
import { MASK, type MaskedTexts } from './masked-texts.ts';

/** Whether this process knows any secret. */
export function isAnythingSecret(): boolean {
  return keptSecrets().texts !== undefined;
}

/** A text without the values of secrets that this process knows: `***` stands for each, also where it is escaped, URL-encoded or in base64. */
export function redact(text: string): string {
  return keptSecrets().texts?.mask(text) ?? text;
}

/** As `redact`, for all texts in a JSON value, the keys of its objects included. The same value when there is nothing to mask. */
export function redactJson<T>(json: T): T {
  const { texts } = keptSecrets();
  return texts === undefined ? json : (maskJson(json as Json, texts) as T);
}

/** Facts of an event that no person wrote. */
const LEFT = new Set(['kind', 'runId', 'writer', 'seq', 'at', 'step', 'sha256', 'size', 'mime', 'summary', 'goal']);

/** An event as it may be written to the log or sent to a tracker. */
export function redactEvent<E extends LoggedEvent>(event: E): E {
  const { texts } = keptSecrets();
  if (texts === undefined) return event;
  const entries = Object.entries(event).map(([key, value]) => [key, LEFT.has(key) ? value : maskFact(event.kind, key, value, texts)]);
  return Object.fromEntries(entries) as E;
}

/** The values of metrics are numbers, and stay what they are. */
function maskFact(kind: LoggedEvent['kind'], key: string, value: Json, texts: MaskedTexts): Json {
  if (kind !== 'metrics' || key !== 'values') return maskJson(value, texts);
  return Object.fromEntries(Object.entries(value as Record<string, number>).map(([name, number]) => [texts.mask(name), number]));
}

/** Smaller ones are counts and offsets far more often than secrets. */
function isSecretNumber(digits: string): boolean {
  return digits.length >= 6 && keptSecrets().values.has(digits);
}

function maskJson(json: Json, texts: MaskedTexts): Json {
  if (typeof json === 'string') return texts.mask(json);
  if (typeof json === 'number') return isSecretNumber(String(json)) ? MASK : json;
  if (Array.isArray(json)) return json.map((item) => maskJson(item, texts));
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [texts.mask(key), maskJson(value, texts)]));
}
