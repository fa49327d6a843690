import * as types from 'node:util/types';

/** The kinds of objects that are data by themselves: no class of the user's, no behaviour that storing would lose. */
export type ValueKind = 'object' | 'array' | 'date' | 'map' | 'set' | 'typed-array' | 'buffer' | 'array-buffer';

/**
 * What kind of data an object is; undefined for an instance of a class, also of one that extends an array, a Map or a typed array.
 * Right for objects of other realms too: looks at internal slots and counts prototypes instead of asking `instanceof`.
 */
export function valueKind(value: object): ValueKind | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return Array.isArray(value) ? 'array' : undefined;
  if (prototype === Object.prototype || prototype === null) return 'object';
  const prototypes = countPrototypes(value);
  if (prototypes === 1) return Object.hasOwn(prototype as object, 'isPrototypeOf') ? 'object' : undefined;
  if (types.isTypedArray(value)) {
    if (prototypes === 3) return 'typed-array';
    return prototypes === 4 && Buffer.isBuffer(value) ? 'buffer' : undefined;
  }
  if (prototypes !== 2) return undefined;
  if (Array.isArray(value)) return 'array';
  if (types.isDate(value)) return 'date';
  if (types.isMap(value)) return 'map';
  if (types.isSet(value)) return 'set';
  return types.isArrayBuffer(value) ? 'array-buffer' : undefined;
}

function countPrototypes(value: object): number {
  let count = 0;
  for (let object = Object.getPrototypeOf(value) as object | null; object !== null; object = Object.getPrototypeOf(object) as object | null)
    count++;
  return count;
}

/** What a value is, in words for a message: `a function`, `an instance of Forest`, `a Promise (await it)`. */
export function describeValue(value: unknown): string {
  if (typeof value === 'symbol') return 'a symbol';
  if (typeof value === 'function') return value.name === '' ? 'a function' : `a function (${value.name})`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (types.isPromise(value)) return 'a Promise (await it)';
  if (Symbol.asyncIterator in value) return 'a stream (make it an output of its own with stream())';
  const maker: unknown = (Object.getPrototypeOf(value) as { constructor?: unknown } | null)?.constructor;
  return typeof maker === 'function' && maker.name !== '' ? `an instance of ${maker.name}` : 'an object with a prototype of its own';
}
