import * as types from 'node:util/types';

import { isMortiseError } from '../errors.ts';
import type { Json } from '../json.ts';
import { isAnythingSecret, redact, redactTexts } from './redaction.ts';

/** More causes are not followed: one may be its own. */
const MAX_CAUSES = 10;

/**
 * What code of others threw, as it may be thrown on to the user's program: without the values of secrets. An error of this package stays the one that it is,
 * with its texts masked; of any other there is a copy of name, code, message, stack and cause, for what else hangs on it (a request, its headers) may hold
 * them too. The same value when there is nothing to mask.
 */
export function maskedError<T>(thrown: T): T;
export function maskedError(thrown: unknown): unknown {
  return isAnythingSecret() ? masked(thrown, 0) : thrown;
}

function masked(thrown: unknown, depth: number): unknown {
  if (typeof thrown === 'string') return redact(thrown);
  if (isMortiseError(thrown)) return maskInPlace(thrown, depth);
  if (types.isNativeError(thrown)) return copyOf(thrown, depth);
  const { message } = (thrown ?? {}) as { message?: unknown };
  return typeof message === 'string' ? copyOf({ name: 'Error', ...(thrown as object), message }, depth) : thrown;
}

function maskInPlace<E extends Error & { advice: string | undefined; facts?: unknown }>(error: E, depth: number): E {
  const { message, stack, advice, facts, cause } = error;
  set(error, 'message', redact(message));
  if (stack !== undefined) set(error, 'stack', redact(stack));
  if (advice !== undefined) Object.assign(error, { advice: redact(advice) });
  if (facts !== undefined) Object.assign(error, { facts: redactTexts(facts as Json) });
  if (cause !== undefined) set(error, 'cause', causeOf(cause, depth));
  return error;
}

function copyOf({ name, message, stack, cause, code }: Error & { code?: unknown }, depth: number): Error {
  const copy = new Error(redact(message), cause === undefined ? undefined : { cause: causeOf(cause, depth) });
  set(copy, 'name', redact(String(name)));
  set(copy, 'stack', stack === undefined ? undefined : redact(stack));
  if (typeof code === 'string' || typeof code === 'number') Object.assign(copy, { code });
  return copy;
}

function causeOf(cause: unknown, depth: number): unknown {
  return depth < MAX_CAUSES ? masked(cause, depth + 1) : undefined;
}

/** Hidden, as it is in an error that was just made. */
function set(error: Error, key: 'name' | 'message' | 'stack' | 'cause', value: unknown): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable: false });
}
