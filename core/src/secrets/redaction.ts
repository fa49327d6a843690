import type { Json, JsonObject } from '../json.ts';
import type { MetadataValue, RunError } from '../store/run-data.ts';
import type { LoggedEvent, Outcome, TrackerRunRef } from '../tracking/experiment-tracker.ts';
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

/** As `redact`, for all texts in a JSON value that somebody gave, the keys of its objects included. The same value when there is nothing to mask. */
export function redactJson<T>(json: T): T {
  const { texts } = keptSecrets();
  return texts === undefined ? json : (maskJson(json as Json, texts) as T);
}

/** As `redact`, for all texts in a value whose keys and numbers no person wrote. */
export function redactTexts<T>(json: T): T {
  const { texts } = keptSecrets();
  return texts === undefined ? json : (maskValues(json as Json, texts) as T);
}

/** As `redactJson`, for tagged JSON: what says what a value is stays. */
export function redactTagged(json: Json): Json {
  const { texts } = keptSecrets();
  return texts === undefined ? json : maskTagged(json, texts);
}

/** An error as it is recorded. */
export function redactError(error: RunError): RunError {
  const { name, message, stack } = error;
  return { ...error, name: redact(name), message: redact(message), ...(stack !== undefined && { stack: redact(stack) }) };
}

/** How something ended: its texts, not its status and ids. */
export function redactOutcome<O extends Outcome>(outcome: O): O;
export function redactOutcome(outcome: Outcome): Outcome {
  if (outcome.status === 'failed') return { ...outcome, error: redactError(outcome.error) };
  if (outcome.status === 'killed') return { ...outcome, reason: redact(outcome.reason) };
  if (outcome.status !== 'cached' || outcome.source.url === undefined) return outcome;
  return { ...outcome, source: { ...outcome.source, url: redact(outcome.source.url) } };
}

/** What a tracker has told of a run of its own. The id by which it finds that again stays. */
export function redactRef({ id, ...told }: TrackerRunRef): TrackerRunRef {
  return { ...(id !== undefined && { id }), ...redactTexts(told) };
}

/** Values of metadata, not their names and types. */
export function redactMetadata(metadata: Record<string, MetadataValue>): Record<string, MetadataValue> {
  return Object.fromEntries(Object.entries(metadata).map(([name, { type, value }]) => [name, { type, value: redactJson(value) }]));
}

/** Facts of an event that no person wrote. */
const LEFT = new Set(['kind', 'runId', 'writer', 'seq', 'at', 'step', 'key', 'uri', 'sha256', 'size', 'stream', 'mime', 'summary', 'goal']);

/** An event as it may be written to the log or sent to a tracker. */
export function redactEvent<E extends LoggedEvent>(event: E): E {
  const { texts } = keptSecrets();
  if (texts === undefined) return event;
  const entries = Object.entries(event).map(([key, value]) => [key, LEFT.has(key) ? value : maskFact(event, key, value, texts)]);
  return Object.fromEntries(entries) as E;
}

/** The values of metrics are numbers, and stay what they are. Tables and figures have parts whose names are not the user's. */
function maskFact(event: LoggedEvent, key: string, value: Json, texts: MaskedTexts): Json {
  if (event.kind === 'metrics' && key === 'values')
    return Object.fromEntries(Object.entries(value as Record<string, number>).map(([name, number]) => [texts.mask(name), number]));
  if (event.kind === 'json' && event.mime !== 'application/json' && isRecord(value))
    return Object.fromEntries(Object.entries(value).map(([part, inner]) => [part, maskJson(inner, texts)]));
  return maskJson(value, texts);
}

/** Smaller ones are counts and offsets far more often than secrets. */
function isSecretNumber(digits: string): boolean {
  return digits.length >= 6 && keptSecrets().values.has(digits);
}

function maskJson(json: Json, texts: MaskedTexts): Json {
  if (typeof json === 'string') return texts.mask(json);
  if (typeof json === 'number') return isSecretNumber(String(json)) ? MASK : json;
  if (Array.isArray(json)) return json.map((item) => maskJson(item, texts));
  if (!isRecord(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [texts.mask(key), maskJson(value, texts)]));
}

/** Of an object that stands for something that JSON has no word for (`tagged-json.ts`), only what its value is made of. */
function maskTagged(json: Json, texts: MaskedTexts): Json {
  if (Array.isArray(json)) return json.map((item) => maskTagged(item, texts));
  if (!isRecord(json)) return maskJson(json, texts);
  const { $mortise: tag, value } = json;
  if (!Object.hasOwn(json, '$mortise')) return maskEntries(json, texts);
  if (value === undefined) return json;
  if (tag === 'object' && isRecord(value)) return { ...json, value: maskEntries(value, texts) };
  // With a part of it masked, it is no number, date or bytes any more, and could not be read.
  if (typeof value === 'string') return texts.mask(value) === value ? json : MASK;
  return { ...json, value: maskTagged(value, texts) };
}

function maskEntries(json: JsonObject, texts: MaskedTexts): JsonObject {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [texts.mask(key), maskTagged(value, texts)]));
}

/** Texts alone: keys and numbers are not people's. */
function maskValues(json: Json, texts: MaskedTexts): Json {
  if (typeof json === 'string') return texts.mask(json);
  if (Array.isArray(json)) return json.map((item) => maskValues(item, texts));
  if (!isRecord(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, maskValues(value, texts)]));
}

function isRecord(json: Json): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
