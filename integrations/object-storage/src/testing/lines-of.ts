import { isMortiseError, type ArtifactStore } from '@mortise/core';

import { bytesOf } from './bytes.ts';

/** An error with its causes and all that hangs on them. */
function inDepth(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message, stack, cause } = error as Error;
  return [message, stack, JSON.stringify(error), cause === undefined ? '' : inDepth(cause)].join('\n');
}

/** The line that each call of a store fails with, or `no error`. None of them, nor its causes, may hold one of the secrets. Ends the store. */
export async function linesOf(store: ArtifactStore, ...secrets: string[]): Promise<string[]> {
  const outcomes = await Promise.allSettled([
    store.put('a/b', Buffer.from('x')),
    bytesOf(store.get('a/b')),
    store.stat('a/b'),
    store.list(''),
    store.delete(['a/b']),
    store.delete(['a/b', 'a/c']),
    store.check?.(AbortSignal.timeout(60_000)),
  ]);
  await store[Symbol.asyncDispose]?.();
  return outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') return 'no error';
    const shown = inDepth(outcome.reason);
    for (const secret of secrets)
      if (shown.includes(secret)) throw new Error(`an error holds a secret: ${shown.replaceAll(secret, '***')}`);
    return isMortiseError(outcome.reason) ? outcome.reason.line : shown;
  });
}
