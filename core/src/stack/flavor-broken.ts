import { FlavorBroken, isError, isMortiseError, MissingPackage } from '../errors.ts';
import type { Flavor } from './flavor.ts';

/** Runs code of a flavor's author: what it throws, unless it is an error of this package, becomes FlavorBroken. */
export async function orBroken<T>(flavor: Pick<Flavor, 'type' | 'name'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isMortiseError(error)) throw error;
    const reason = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
    throw new FlavorBroken({ type: flavor.type, flavor: flavor.name, reason }, { cause: error });
  }
}

/** What kept a flavor from being loaded, as who uses it is told: that it is broken, or which package it misses. */
export function brokenBy(flavor: Pick<Flavor, 'type' | 'name'>, error: unknown): unknown {
  if (!isMortiseError(error) || isError(error, FlavorBroken) || isError(error, MissingPackage)) return error;
  const { message: reason, advice } = error;
  return new FlavorBroken({ type: flavor.type, flavor: flavor.name, reason, advice }, { cause: error });
}
