import assert from 'node:assert/strict';

import { isError, type MortiseError } from '@mortise/core';

/** A class of errors of Mortise. */
export interface ErrorClass {
  readonly code: string;
  new (...args: never[]): MortiseError;
}

/** What a promise is rejected with. Fails when it is not. */
export async function failureOf(promise: Promise<unknown>, what = 'the call'): Promise<unknown> {
  return promise.then(
    () => assert.fail(`${what} did not fail`),
    (reason: unknown) => reason,
  );
}

/** Fails unless the error is one of a class. */
export function assertIs(error: unknown, type: ErrorClass, what = 'the call'): void {
  if (!isError(error, type)) assert.fail(`${what} failed with ${described(error)} where ${type.code} was due`);
}

/** Fails unless a promise is rejected with an error of a class. */
export async function assertFails(promise: Promise<unknown>, type: ErrorClass, what = 'the call'): Promise<void> {
  assertIs(await failureOf(promise, what), type, what);
}

export function described(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
  return `${String(code ?? name)}: ${String(message)}`;
}
