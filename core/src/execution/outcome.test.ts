import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { pipeline, step } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { describeError, reasonOf } from './outcome.ts';

/** Errors as libraries make them: `message`, `name` and `stack` are whatever somebody has set them to. */
const ODD: Record<string, () => unknown> = {
  'an object as its message': () => Object.assign(new Error('x'), { message: { code: 4 } }),
  'no message': () => Object.assign(new Error('x'), { message: undefined }),
  'a number as its message': () => Object.assign(new Error('x'), { message: 404 }),
  'a symbol as its name': () => Object.assign(new Error('x'), { name: Symbol('odd') }),
  'a stack of call sites, as Error.prepareStackTrace leaves it': () => Object.assign(new Error('x'), { stack: [{}, {}] }),
  'a cause with no texts': () =>
    Object.assign(new Error('x'), { cause: Object.assign(new Error('y'), { stack: undefined, message: Symbol('m') }) }),
  'a message that throws': () =>
    Object.defineProperty(new Error('x'), 'message', {
      get() {
        throw new Error('inner');
      },
    }),
};

describe('what is recorded of an error', () => {
  it.each(Object.entries(ODD))('is text, also of one that has %s', (_, make) => {
    const { name, message, stack = '' } = describeError(make());
    expect([typeof name, typeof message, typeof stack]).toEqual(['string', 'string', 'string']);
    expect(typeof reasonOf(make())).toBe('string');
  });

  it('keeps what a message that is no text says', () => {
    expect(describeError(ODD['an object as its message']!()).message).toBe('{"code":4}');
    expect(reasonOf(ODD['a number as its message']!())).toBe('404');
    expect(describeError(ODD['a symbol as its name']!()).name).toBe('Symbol(odd)');
  });
});

describe('a step that throws an odd error', () => {
  let project: Awaited<ReturnType<typeof temporaryProject>>;
  beforeEach(async () => {
    project = await temporaryProject();
  });
  afterEach(() => project.remove());

  const bad = step('bad', { cache: false }, ({ kind }: { kind: string }): number => {
    throw ODD[kind]!();
  });
  const odd = pipeline('odd', { params: { kind: '' } }, ({ kind }) => bad({ kind }));

  it.each(Object.keys(ODD))('fails, and so does its run: %s', async (kind) => {
    const run = await odd.run({ kind });
    expect([run.status, run.steps['bad']!.status]).toEqual(['failed', 'failed']);
  });
});
