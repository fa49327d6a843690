import * as types from 'node:util/types';
import { serialize } from 'node:v8';

import { isMortiseError, MortiseError } from '../../errors.ts';
import { describeError } from '../outcome.ts';

/** What was thrown, as it goes from one process to another. */
export type SentError =
  | {
      error: true;
      name: string;
      message: string;
      stack: string | undefined;
      /** Of a coded error. */
      coded: { code: string; advice: string | undefined } | undefined;
      /** Its own further properties, as far as they can be sent. */
      facts: Record<string, unknown>;
      cause: SentError | undefined;
    }
  /** Anything else that can be thrown. */
  | { error: false; value: unknown };

const MAX_CAUSES = 10;
const KNOWN = ['name', 'message', 'stack', 'cause', 'code', 'advice'];

/** Never throws: what cannot be sent is left out or told in words. */
export function sendError(thrown: unknown, depth = 0): SentError {
  if (!isMortiseError(thrown) && !types.isNativeError(thrown) && !isErrorLike(thrown)) return sendValue(thrown);
  const error = thrown as Error & { code?: unknown };
  const cause = error.cause;
  return {
    error: true,
    name: String(error.name),
    message: String(error.message),
    stack: typeof error.stack === 'string' ? error.stack : undefined,
    coded: isMortiseError(thrown) ? { code: thrown.code, advice: thrown.advice } : undefined,
    facts: factsOf(error, isMortiseError(thrown)),
    cause: cause === undefined || depth >= MAX_CAUSES ? undefined : sendError(cause, depth + 1),
  };
}

/** The error again, with the stack it had where it was thrown. */
export function receiveError(sent: SentError): unknown {
  if (!sent.error) return sent.value;
  const options = sent.cause === undefined ? undefined : { cause: receiveError(sent.cause) };
  const error =
    sent.coded === undefined
      ? new Error(sent.message, options)
      : new MortiseError(sent.coded.code, sent.message, sent.coded.advice, options);
  Object.assign(error, sent.facts);
  // Hidden like the name of a built-in error, which is on its prototype.
  Object.defineProperty(error, 'name', { value: sent.name, configurable: true, writable: true });
  Object.defineProperty(error, 'stack', { value: sent.stack ?? `${sent.name}: ${sent.message}`, configurable: true, writable: true });
  return error;
}

/** `DOMException` and errors of other realms' making. */
function isErrorLike(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown && 'stack' in thrown && typeof thrown.message === 'string';
}

function factsOf(error: Error, coded: boolean): Record<string, unknown> {
  const facts: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(error))
    if ((!KNOWN.includes(name) || (name === 'code' && !coded)) && isSendable(value)) facts[name] = value;
  return facts;
}

function sendValue(value: unknown): SentError {
  if (isSendable(value)) return { error: false, value };
  const { name, message } = describeError(value);
  return { error: true, name, message, stack: undefined, coded: undefined, facts: {}, cause: undefined };
}

function isSendable(value: unknown): boolean {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}
