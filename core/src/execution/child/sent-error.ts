import * as types from 'node:util/types';
import { serialize } from 'node:v8';

import { isMortiseError, MortiseError } from '../../errors.ts';
import { causeOf, describeError, textIn } from '../outcome.ts';

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
  const cause = causeOf(error);
  return {
    error: true,
    name: textIn(error, 'name') ?? 'Error',
    message: textIn(error, 'message') ?? '',
    stack: textIn(error, 'stack'),
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
  for (const name of Object.keys(error)) if (!KNOWN.includes(name) || (name === 'code' && !coded)) addSendable(facts, name, error);
  return facts;
}

/** Unless it cannot be sent, or not even be read. */
function addSendable(facts: Record<string, unknown>, name: string, error: Error): void {
  try {
    const value = (error as unknown as Record<string, unknown>)[name];
    if (isSendable(value)) facts[name] = value;
  } catch {
    // An accessor that throws tells nothing.
  }
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
