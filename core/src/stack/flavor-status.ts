import { isMortiseError } from '../errors.ts';
import { BUILTIN_SOURCE } from './builtin-flavors.ts';
import { API_VERSION } from './define-flavor.ts';
import { findFlavorModule } from './find-flavor-module.ts';
import { parseFlavorSource } from './flavor-source.ts';
import type { StoredFlavor } from './flavor.ts';
import { messageOf } from './thrown-text.ts';

/**
 * Why a flavor cannot be used, as far as can be seen without importing it: its module is gone, or it could not be loaded the last time. null: nothing is known
 * against it.
 */
export function flavorProblem(flavor: StoredFlavor, root: string): string | null {
  if (flavor.source === BUILTIN_SOURCE) return flavor.problem?.reason ?? null;
  const { apiVersion }: { apiVersion: number } = flavor;
  if (apiVersion !== API_VERSION)
    return `it is written for version ${apiVersion} of the flavor interface, and this Mortise knows version ${API_VERSION}`;
  try {
    findFlavorModule(parseFlavorSource(flavor.source, root).specifier, root);
  } catch (error) {
    // Nothing that is wrong with one flavor keeps the others from being listed.
    return isMortiseError(error) ? error.message : messageOf(error);
  }
  return flavor.problem?.reason ?? null;
}
