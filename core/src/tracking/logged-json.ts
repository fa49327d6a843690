import * as types from 'node:util/types';

import { lostMemory, type TypedArray } from '../artifacts/typed-array-bytes.ts';
import { BadLogValue } from '../errors.ts';
import type { Json } from '../json.ts';

/** Set as a property it changes the object in place of being one: it would be lost in silence. */
export const LOST_NAME = '__proto__';

/** As of artifacts. What is much deeper no stack of calls can go through, here or in what reads it. */
const MAX_DEPTH = 1000;

/**
 * A value as it is logged: a copy in plain JSON. Dates become ISO 8601 text, NaN and infinities and big integers text, typed arrays arrays;
 * what has a `toJSON` is asked; properties that are undefined are left out. Throws `BadLogValue`, naming `call` and the place, for the rest.
 */
export function loggedJson(value: unknown, call: string, place = 'the value'): Json {
  return convert(value, place, { call, above: new Set() });
}

interface Conversion {
  call: string;
  /** Objects on the way down to here. */
  above: Set<object>;
}

function convert(value: unknown, place: string, conversion: Conversion): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case 'object':
      return value === null ? null : convertObject(value, place, conversion);
    default:
      return refuse(conversion, `${place} is ${value === undefined ? 'undefined' : `a ${typeof value}`}`);
  }
}

function convertObject(value: object, place: string, conversion: Conversion): Json {
  const { above } = conversion;
  if (types.isDate(value)) return Number.isNaN(value.getTime()) ? refuse(conversion, `${place} is an invalid date`) : value.toISOString();
  if (types.isTypedArray(value)) return convertNumbers(value, place, conversion);
  if (above.has(value)) return refuse(conversion, `${place} contains itself`);
  if (above.size >= MAX_DEPTH) return refuse(conversion, `${place.slice(0, 57)}... is nested more than ${MAX_DEPTH} levels deep`);
  above.add(value);
  const json = convertParts(value, place, conversion);
  above.delete(value);
  return json;
}

function convertNumbers(array: TypedArray, place: string, conversion: Conversion): Json {
  const lost = lostMemory(array);
  if (lost !== undefined) return refuse(conversion, `${place} is ${lost}`);
  return Array.from(array as ArrayLike<number | bigint>, (item) => convert(item, place, conversion));
}

function convertParts(value: object, place: string, conversion: Conversion): Json {
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (item === undefined ? null : convert(item, `${place}[${index}]`, conversion)));
  if ('toJSON' in value && typeof value.toJSON === 'function') return convert((value as { toJSON(): unknown }).toJSON(), place, conversion);
  if (!isPlain(value)) return refuse(conversion, `${place} is a ${value.constructor?.name ?? 'class instance'}, which is no JSON`);
  if (Object.hasOwn(value, LOST_NAME)) return refuse(conversion, `${place} has the name ${LOST_NAME}, which no object can have`);
  const json: { [key: string]: Json } = {};
  for (const [key, part] of Object.entries(value)) if (part !== undefined) json[key] = convert(part, `${place}.${key}`, conversion);
  return json;
}

/** An object literal, of whatever realm. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'));
}

function refuse({ call }: Conversion, reason: string): never {
  throw new BadLogValue({ call, reason });
}
