import * as types from 'node:util/types';

import { isMortiseError } from '../errors.ts';
import { redact, redactError } from '../secrets/redaction.ts';
import type { RunError } from '../store/run-data.ts';

/** What was thrown, as it is recorded: without the values of secrets. Anything can be thrown. */
export function describeError(thrown: unknown): RunError {
  return redactError(described(thrown));
}

function described(thrown: unknown): RunError {
  if (isMortiseError(thrown)) return { name: thrown.code, message: withAdvice(thrown), ...fullStack(thrown) };
  if (types.isNativeError(thrown))
    return { name: textIn(thrown, 'name') ?? 'Error', message: textIn(thrown, 'message') ?? '', ...fullStack(thrown) };
  return { name: 'Error', message: `threw ${typeof thrown === 'string' ? thrown : describeThrown(thrown)}` };
}

/** In one line why something failed, without the values of secrets. */
export function reasonOf(thrown: unknown): string {
  const isAnError = isMortiseError(thrown) || types.isNativeError(thrown);
  const text = isAnError ? (textIn(thrown, 'message') ?? '') : describeError(thrown).message;
  return redact(text).split('\n', 1)[0] || (types.isNativeError(thrown) && textIn(thrown, 'name')) || 'unknown error';
}

/**
 * What an error says of itself. Libraries set its texts to anything (a message that is an object, the stack that `Error.prepareStackTrace` makes of call
 * sites), and an accessor may throw: that must not keep its step from ending.
 */
export function textIn(error: object, part: 'name' | 'message' | 'stack'): string | undefined {
  try {
    const value = (error as Record<string, unknown>)[part];
    if (typeof value === 'string' || value === undefined) return value;
    return part === 'stack' ? undefined : describeThrown(value);
  } catch {
    return undefined;
  }
}

/** What caused an error, if that can be told. */
export function causeOf(error: object): unknown {
  try {
    return (error as { cause?: unknown }).cause;
  } catch {
    return undefined;
  }
}

function withAdvice(error: { message: string; advice: string | undefined }): string {
  return error.advice === undefined ? error.message : `${error.message}. ${error.advice}`;
}

/** The stack with those of its causes. */
function fullStack(error: object): Pick<RunError, 'stack'> {
  let stack = textIn(error, 'stack');
  if (stack === undefined) return {};
  let cause = causeOf(error);
  for (let depth = 0; types.isNativeError(cause) && depth < 5; depth++, cause = causeOf(cause))
    stack += `\nCaused by: ${textIn(cause, 'stack') ?? textIn(cause, 'message') ?? ''}`;
  return { stack };
}

function describeThrown(thrown: unknown): string {
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
