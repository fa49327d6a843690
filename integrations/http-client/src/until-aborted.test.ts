import { setImmediate as turn } from 'node:timers/promises';
import * as types from 'node:util/types';

import { expect, test } from '@jest/globals';

import { untilAborted } from './until-aborted.ts';

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text;
}

/** A body of these, which fails with one that is an error, and whether it was let go. */
function bodyOf(...chunks: unknown[]) {
  const state = { isLeft: false };
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for (const chunk of chunks) {
        if (types.isNativeError(chunk)) throw chunk;
        yield chunk as Uint8Array;
      }
    } finally {
      state.isLeft = true;
    }
  }
  return { state, body: body() };
}

test('gives all chunks of a body, with a signal and without', async () => {
  const { signal } = new AbortController();
  for (const each of [signal, undefined])
    expect(await textOf(untilAborted(bodyOf(Buffer.from('a'), Buffer.from(''), Buffer.from('bc')).body, each))).toBe('abc');
});

test('ends with the reason of the signal while the body hangs, and lets go of the body', async () => {
  let isLeft = false;
  const hanging: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => undefined),
      return: async () => ((isLeft = true), { done: true, value: undefined }),
    }),
  };
  const stop = new AbortController();
  const reading = textOf(untilAborted(hanging, stop.signal));
  stop.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  expect(isLeft).toBe(true);
});

test('asks a body for nothing more once the signal is aborted', async () => {
  const stop = new AbortController();
  const { body, state } = bodyOf(Buffer.from('a'), Buffer.from('b'));
  const read: string[] = [];
  const reading = (async () => {
    for await (const chunk of untilAborted(body, stop.signal)) {
      read.push(Buffer.from(chunk).toString());
      stop.abort(new Error('enough'));
    }
  })();
  await expect(reading).rejects.toThrow('enough');
  expect(read).toEqual(['a']);
  await turn();
  expect(state.isLeft).toBe(true);
});

test('lets go of a body that is not read to its end', async () => {
  const { body, state } = bodyOf(Buffer.from('a'), Buffer.from('b'));
  for await (const _ of untilAborted(body, undefined)) break;
  await turn();
  expect(state.isLeft).toBe(true);
});

test('fails with what the body fails with, and with a chunk that is no bytes', async () => {
  const { signal } = new AbortController();
  await expect(textOf(untilAborted(bodyOf(Buffer.from('a'), new Error('the source is gone')).body, signal))).rejects.toThrow(
    'the source is gone',
  );
  const { body, state } = bodyOf('text');
  await expect(textOf(untilAborted(body, signal))).rejects.toThrow('a body must consist of Uint8Arrays, not of strings');
  await turn();
  expect(state.isLeft).toBe(true);
});
