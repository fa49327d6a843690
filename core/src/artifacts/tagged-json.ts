import { ArtifactCorrupt, NotSerializable, type MortiseError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { littleEndianBytes, lostMemory, typedArrayFrom, typedArrayKind, type TypedArray } from './typed-array-bytes.ts';
import { describeValue, valueKind } from './value-kind.ts';

/**
 * Tagged JSON: ordinary JSON, in which each thing that JSON has no word for is an object with the key `$mortise`:
 * `{"$mortise":"number","value":"NaN"}`, `{"$mortise":"date","value":"2026-01-01T00:00:00.000Z"}`, `{"$mortise":"map","value":[[key,value],...]}`, ...
 * An object of the user's that has this key itself is wrapped: `{"$mortise":"object","value":{"$mortise":...}}`.
 */
const TAG = '$mortise';

/** Deeper values would overflow the stack of those who read them. */
const MAX_DEPTH = 1000;

/** A walk over a value. Without `fresh`, parts that are JSON as they are, are not copied. */
interface Walk {
  readonly fresh: boolean;
  readonly ancestors: object[];
}

/** A snapshot of the value as tagged JSON; it shares nothing with the value. Throws `NotSerializable`, which names the path. */
export function toTagged(value: unknown): Json {
  return tagged(value, { fresh: true, ancestors: [] });
}

/** The value as the UTF-8 bytes of tagged JSON. Throws `NotSerializable`. */
export function encodeTagged(value: unknown): Uint8Array {
  const json = tagged(value, { fresh: false, ancestors: [] });
  let text: string;
  try {
    text = JSON.stringify(json);
  } catch (cause) {
    throw new NotSerializable({ path: 'value', what: 'too large for one JSON text (over 512 MB)' }, { cause });
  }
  return Buffer.from(text);
}

/** The value that was tagged, always made anew. */
export function fromTagged(json: Json): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return untaggedItems(json);
  return Object.hasOwn(json, TAG) ? untagged(json) : untaggedEntries(json);
}

/** The value of `encodeTagged`'s bytes. */
export function decodeTagged(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  const json = JSON.parse(text) as Json;
  return text.includes(TAG) ? fromTagged(json) : json;
}

// ---- tagging -------------------------------------------------------------------------------------------------------------------

const tag = (name: string, value: Json): JsonObject => ({ [TAG]: name, value });

function tagged(value: unknown, walk: Walk): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return isJsonNumber(value) ? value : tag('number', Object.is(value, -0) ? '-0' : String(value));
    case 'undefined':
      return { [TAG]: 'undefined' };
    case 'bigint':
      return tag('bigint', String(value));
    case 'object':
      return value === null ? null : taggedObject(value, walk);
    default:
      throw refusal(value, describeValue(value), walk);
  }
}

const isJsonNumber = (value: number): boolean => Number.isFinite(value) && (value !== 0 || 1 / value > 0);

function taggedObject(value: object, walk: Walk): Json {
  const { ancestors } = walk;
  if (ancestors.includes(value)) throw refusal(value, `a cycle back to ${pathOf(ancestors.slice(0, ancestors.indexOf(value) + 1))}`, walk);
  if (ancestors.length >= MAX_DEPTH) throw refusal(value, `nested more than ${MAX_DEPTH} levels deep`, walk);
  ancestors.push(value);
  const json = taggedParts(value, walk);
  ancestors.pop();
  return json;
}

function taggedParts(value: object, walk: Walk): Json {
  switch (valueKind(value)) {
    case 'object':
      return taggedEntries(value as Record<string, unknown>, walk);
    case 'array':
      return taggedItems(value as unknown[], walk);
    case 'date':
      refuseMore(value, Object.keys(value), 'a Date with more than its time', walk);
      return tag('date', Number.isNaN((value as Date).getTime()) ? null : (value as Date).toISOString());
    case 'map':
      refuseMore(value, Object.keys(value), 'a Map with more than its items', walk);
      return tag(
        'map',
        Array.from(value as Map<unknown, unknown>, ([key, item]) => [tagged(key, walk), tagged(item, walk)]),
      );
    case 'set':
      refuseMore(value, Object.keys(value), 'a Set with more than its items', walk);
      return tag(
        'set',
        Array.from(value as Set<unknown>, (item) => tagged(item, walk)),
      );
    case 'typed-array':
      refuseLost(value as TypedArray, walk);
      return tag(typedArrayKind(value as TypedArray), base64(littleEndianBytes(value as TypedArray)));
    case 'buffer':
      refuseLost(value as Uint8Array, walk);
      return tag('Buffer', base64(value as Uint8Array));
    case 'array-buffer':
      refuseLost(value as ArrayBuffer, walk);
      return tag('ArrayBuffer', base64(new Uint8Array(value as ArrayBuffer)));
    case undefined:
      walk.ancestors.pop();
      throw refusal(value, describeValue(value), walk);
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

function taggedItems(array: readonly unknown[], walk: Walk): Json {
  if (hasMore(array))
    refuseMore(
      array,
      Object.keys(array).filter((key) => !isIndex(key)),
      'an array with more than its items',
      walk,
    );
  let copy: Json[] | undefined = walk.fresh ? [] : undefined;
  for (let i = 0; i < array.length; i++) {
    const item = array[i];
    const json = item === undefined && !(i in array) ? { [TAG]: 'hole' } : tagged(item, walk);
    if (copy === undefined && json !== item) copy = array.slice(0, i) as Json[];
    copy?.push(json);
  }
  return copy ?? (array as Json[]);
}

/** Of more items, their keys as texts take longer to make than what Node shows of an array without its items. */
const FEW_ITEMS = 100;
const ONLY_NAMES = { depth: 0, maxArrayLength: 0, maxStringLength: 0, customInspect: false };

/** Whether an array has keys that are no items, as `index` of what a regular expression found, or `columns` of the rows of a table. */
function hasMore(array: readonly unknown[]): boolean {
  if (array.length > FEW_ITEMS) return !isPlainLong(array);
  // They come behind the items.
  const last = Object.keys(array).at(-1);
  return (last !== undefined && last !== String(array.length - 1) && !isIndex(last)) || hasSymbolKey(array);
}

/** Node's module is loaded here and not at the start, of which it is a large part. */
const isPlainLong = (array: readonly unknown[]): boolean =>
  process.getBuiltinModule('node:util').inspect(array, ONLY_NAMES) === `[ ... ${array.length} more items ]`;

const isIndex = (key: string): boolean => /^\d+$/.test(key) && Number(key) < 2 ** 32 - 1 && String(Number(key)) === key;

function taggedEntries(object: Record<string, unknown>, walk: Walk): Json {
  const keys = Object.keys(object);
  if (hasSymbolKey(object)) {
    walk.ancestors.pop();
    throw refusal(object, 'an object with a symbol as key', walk);
  }
  let copy: JsonObject | undefined = walk.fresh ? {} : undefined;
  let own = false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const value = object[key];
    if (key === TAG) own = true;
    const json = tagged(value, walk);
    if (copy === undefined && json !== value) copy = partOf(object, keys, i);
    if (copy !== undefined) setOwn(copy, key, json);
  }
  const json = copy ?? (object as JsonObject);
  return own ? tag('object', json) : json;
}

function hasSymbolKey(object: object): boolean {
  const symbols = Object.getOwnPropertySymbols(object);
  return symbols.length > 0 && symbols.some((symbol) => Object.prototype.propertyIsEnumerable.call(object, symbol));
}

function partOf(object: Record<string, unknown>, keys: readonly string[], count: number): JsonObject {
  const part: JsonObject = {};
  for (let i = 0; i < count; i++) setOwn(part, keys[i]!, object[keys[i]!]);
  return part;
}

/** An assignment to `__proto__` would change the prototype instead. */
function setOwn(object: object, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else (object as Record<string, unknown>)[key] = value;
}

// ---- refusing ------------------------------------------------------------------------------------------------------------------

function refuseLost(value: ArrayBuffer | NodeJS.ArrayBufferView, walk: Walk): void {
  const what = lostMemory(value);
  if (what === undefined) return;
  walk.ancestors.pop();
  throw refusal(value, what, walk);
}

/** Refuses a value with keys that its form has no place for. `names`: those that are texts. */
function refuseMore(value: object, names: readonly string[], what: string, walk: Walk): void {
  const symbol = hasSymbolKey(value);
  if (names.length === 0 && !symbol) return;
  walk.ancestors.pop();
  const shown = names.slice(0, 2).map((name) => JSON.stringify(name.slice(0, 40)));
  const more = names.length > shown.length ? ', ...' : '';
  throw refusal(value, `${what} (${symbol && shown.length === 0 ? 'a symbol' : shown.join(', ') + more})`, walk);
}

function refusal(value: unknown, what: string, walk: Walk): MortiseError {
  return new NotSerializable({ path: pathOf([...walk.ancestors, value]), what });
}

/** `value.model.weights[3]`: found afterwards by looking for each part in the one before it, so that the walk need not keep it. */
function pathOf(parts: readonly unknown[]): string {
  let path = 'value';
  for (let i = 1; i < parts.length; i++) {
    path += placeIn(parts[i - 1] as object, parts[i]);
    if (path.length > 200) return `${path.slice(0, 200)}...`;
  }
  return path;
}

function placeIn(holder: object, part: unknown): string {
  const kind = valueKind(holder);
  if (kind === 'array') return `[${(holder as unknown[]).findIndex((item) => Object.is(item, part))}]`;
  if (kind === 'set') return `.values()[${[...(holder as Set<unknown>)].findIndex((item) => Object.is(item, part))}]`;
  if (kind === 'map') return placeInMap(holder as Map<unknown, unknown>, part);
  const key = Object.keys(holder).find((name) => Object.is((holder as Record<string, unknown>)[name], part));
  if (key === undefined) return '.(computed)';
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function placeInMap(map: Map<unknown, unknown>, part: unknown): string {
  const index = [...map].findIndex(([key, item]) => Object.is(key, part) || Object.is(item, part));
  const key = [...map.keys()][index];
  if (Object.is(key, part)) return `.keys()[${index}]`;
  if (typeof key === 'string') return `.get(${JSON.stringify(key)})`;
  return typeof key === 'number' ? `.get(${key})` : `.values()[${index}]`;
}

// ---- untagging -----------------------------------------------------------------------------------------------------------------

function untaggedItems(items: readonly Json[]): unknown[] {
  const array: unknown[] = [];
  array.length = items.length;
  for (let i = 0; i < items.length; i++) if (!isHole(items[i]!)) array[i] = fromTagged(items[i]!);
  return array;
}

const isHole = (json: Json): boolean =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && Object.hasOwn(json, TAG) && json[TAG] === 'hole';

function untaggedEntries(json: JsonObject): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const key of Object.keys(json)) setOwn(object, key, fromTagged(json[key]!));
  return object;
}

function untagged(json: JsonObject): unknown {
  const name = json[TAG];
  const { value } = json;
  if (name === 'undefined') return undefined;
  if (name === 'object' && isJsonObject(value)) return untaggedEntries(value);
  if (name === 'map' && Array.isArray(value))
    return new Map((value as [Json, Json][]).map(([key, item]) => [fromTagged(key), fromTagged(item)]));
  if (name === 'set' && Array.isArray(value)) return new Set(value.map(fromTagged));
  if (name === 'date' && value === null) return new Date(NaN);
  if (typeof name === 'string' && typeof value === 'string') return untaggedText(name, value);
  throw unknownTag(name);
}

function untaggedText(name: string, value: string): unknown {
  if (name === 'number') return Number(value);
  if (name === 'bigint') return BigInt(value);
  if (name === 'date') return new Date(value);
  if (name === 'Buffer') return Buffer.from(value, 'base64');
  // Small buffers share their memory with others: a copy is the owner of its own.
  if (name === 'ArrayBuffer') return new Uint8Array(Buffer.from(value, 'base64')).buffer;
  if (name.endsWith('Array')) return typedArrayFrom(name, new Uint8Array(Buffer.from(value, 'base64')));
  throw unknownTag(name);
}

function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknownTag(name: Json | undefined): MortiseError {
  return new ArtifactCorrupt({ what: 'tagged JSON', expected: 'a known tag', found: JSON.stringify(name) ?? 'none' });
}
