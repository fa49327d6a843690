import type { Json } from '../json.ts';
import { wireState } from './wire.ts';

/** Why a value is not JSON, with the path to what is not, or undefined if it is: `.split[1] is NaN`. */
export function whyNotJson(value: unknown, path = 'it', above: readonly unknown[] = []): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${path} is ${value}`;
  if (typeof value !== 'object') return `${path} is ${value === undefined ? 'undefined' : `a ${typeof value}`}`;
  if (above.includes(value)) return `${path} contains itself`;
  const inside = [...above, value];
  if (Array.isArray(value)) return firstReason(value.entries(), (index) => `${path}[${index}]`, inside);
  if (!isPlain(value)) return `${path} is a ${className(value)}`;
  return firstReason(Object.entries(value), (key) => `${path}.${key}`, inside);
}

/** A copy that shares nothing with the original. */
export function cloneJson<T extends Json>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson) as T;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cloneJson(item)])) as T;
}

function firstReason(
  entries: Iterable<[string | number, unknown]>,
  path: (key: string | number) => string,
  above: readonly unknown[],
): string | undefined {
  for (const [key, item] of entries) {
    const reason = whyNotJson(item, path(key), above);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** An object literal, also one of another realm. */
export function isPlain(value: object): boolean {
  if (wireState(value) !== undefined) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function className(value: object): string {
  if (wireState(value) !== undefined) return "step's output";
  return (value.constructor as { name?: string } | undefined)?.name ?? 'special object';
}
