import { FlavorBroken, isError, isMortiseError, MissingPackage } from '../errors.ts';
import { maskedError } from '../secrets/masked-error.ts';
import { answerOf } from './flavor-answer.ts';
import type { Flavor } from './flavor.ts';
import { isOfStandardDecorators, STANDARD_DECORATORS } from './standard-decorators.ts';
import { wholeMessageOf } from './thrown-text.ts';

/**
 * Runs code of a flavor's author: what it throws, unless it is an error of this package, becomes FlavorBroken, and so does that it does not answer.
 * @param late told of what comes when nobody waits for it any more
 */
export async function orBroken<T>(
  flavor: Pick<Flavor, 'type' | 'name'>,
  work: () => Promise<T>,
  late?: (answer: T) => unknown,
): Promise<T> {
  try {
    return await answerOf(work, late);
  } catch (thrown) {
    // It has been given the config, and may say of it what it likes.
    const error: unknown = maskedError(thrown);
    if (isMortiseError(error)) throw error;
    const why = isOfStandardDecorators(thrown) ? STANDARD_DECORATORS : { reason: wholeMessageOf(error) };
    throw new FlavorBroken({ type: flavor.type, flavor: flavor.name, ...why }, { cause: error });
  }
}

/** What kept a flavor from being loaded, as who uses it is told: that it is broken, or which package it misses. */
export function brokenBy(flavor: Pick<Flavor, 'type' | 'name'>, error: unknown): unknown {
  if (!isMortiseError(error) || isError(error, FlavorBroken) || isError(error, MissingPackage)) return error;
  const { message: reason, advice } = error;
  return new FlavorBroken({ type: flavor.type, flavor: flavor.name, reason, advice }, { cause: error });
}
