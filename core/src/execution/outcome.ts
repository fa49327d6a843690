import * as types from 'node:util/types';

import { isMortiseError } from '../errors.ts';
import { redact, redactError } from '../secrets/redaction.ts';
import type { RunError } from '../store/run-data.ts';

/** What was thrown, as it is recorded: without the values of secrets. Anything can be thrown. */
export function describeError(thrown: unknown): RunError {
  return redactError(described(thrown));
}

function described(thrown: unknown): RunError {
  if (isMortiseError(thrown))
    return { name: thrown.code, message: withAdvice(thrown), ...(thrown.stack !== undefined && { stack: fullStack(thrown) }) };
  if (types.isNativeError(thrown))
    return { name: thrown.name, message: thrown.message, ...(thrown.stack !== undefined && { stack: fullStack(thrown) }) };
  return { name: 'Error', message: `threw ${typeof thrown === 'string' ? thrown : describeThrown(thrown)}` };
}

/** In one line why something failed, without the values of secrets. */
export function reasonOf(thrown: unknown): string {
  const text = isMortiseError(thrown) || types.isNativeError(thrown) ? thrown.message : describeError(thrown).message;
  return redact(text).split('\n', 1)[0] || (types.isNativeError(thrown) ? thrown.name : 'unknown error');
}

function withAdvice(error: { message: string; advice: string | undefined }): string {
  return error.advice === undefined ? error.message : `${error.message}. ${error.advice}`;
}

/** The stack with those of its causes. */
function fullStack(error: Error): string {
  let text = error.stack ?? '';
  let cause = error.cause;
  for (let depth = 0; types.isNativeError(cause) && depth < 5; depth++, cause = cause.cause)
    text += `\nCaused by: ${cause.stack ?? cause.message}`;
  return text;
}

function describeThrown(thrown: unknown): string {
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
