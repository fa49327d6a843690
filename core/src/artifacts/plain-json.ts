import type { Json } from '../json.ts';
import { fromTagged } from './tagged-json.ts';
import { valueKind } from './value-kind.ts';

/**
 * Tagged JSON as people and other programs read it: NaN, infinities and big integers are text, dates ISO 8601 text, what is undefined or an invalid date
 * is null, a Map is a list of [key, value], a Set and a typed array are lists, bytes are Base64 text. It cannot be read back.
 */
export function plainJson(tagged: Json): Json {
  return typeof tagged === 'object' && tagged !== null ? plain(fromTagged(tagged)) : tagged;
}

function plain(value: unknown): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value + 0 : String(value);
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : plainObject(value);
    default:
      return null;
  }
}

function plainObject(value: object): Json {
  switch (valueKind(value)) {
    case 'array':
    case 'set':
    case 'typed-array':
      return Array.from(value as Iterable<unknown>, plain);
    case 'map':
      return Array.from(value as Map<unknown, unknown>, ([key, item]) => [plain(key), plain(item)]);
    case 'date':
      return Number.isNaN((value as Date).getTime()) ? null : (value as Date).toISOString();
    case 'buffer':
      return (value as Buffer).toString('base64');
    case 'array-buffer':
      return Buffer.from(value as ArrayBuffer).toString('base64');
    default:
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
}
