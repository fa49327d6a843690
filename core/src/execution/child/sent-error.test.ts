import { serialize } from 'node:v8';

import { describe, expect, it } from '@jest/globals';

import { isError, RunKilled, StepTimeout } from '../../errors.ts';
import { describeError } from '../outcome.ts';
import { receiveError, sendError } from './sent-error.ts';

const sent = (thrown: unknown): unknown => receiveError(structuredClone(sendError(thrown)));

describe('an error that was sent', () => {
  it('is described as it would have been where it was thrown', () => {
    class Odd extends TypeError {
      override name = 'Odd';
    }
    const coded = new StepTimeout({ step: 'train', timeoutMs: 5 }, { cause: new Odd('deep') });
    for (const thrown of [new Odd('wrong'), coded, 'a text', undefined, { a: 1 }])
      expect(describeError(sent(thrown))).toEqual(describeError(thrown));
  });

  it('keeps its code and its facts, so that it is recognised', () => {
    const error = sent(new RunKilled({ reason: 'SIGINT' }));
    expect(isError(error, RunKilled) && error.facts).toEqual({ reason: 'SIGINT' });
    expect(sent(Object.assign(new Error('no file'), { code: 'ENOENT', path: '/x' }))).toMatchObject({ code: 'ENOENT', path: '/x' });
  });

  it('can always be sent: what cannot is left out', () => {
    const round: Error & { self?: unknown; fn?: unknown } = new Error('round', { cause: undefined });
    Object.assign(round, { fn: () => 1, shared: new SharedArrayBuffer(8), cause: round });
    expect(() => serialize(sendError(round))).not.toThrow();
    expect(sent(round)).toMatchObject({ message: 'round' });
    expect(sent(() => 1)).toMatchObject(describeError(() => 1));
    expect(sent(new DOMException('stopped', 'AbortError'))).toMatchObject({ name: 'AbortError', message: 'stopped' });
  });
  it.each(['name', 'message', 'stack', 'cause', 'status'])('can be sent whatever its %s is, also if it cannot be read', (part) => {
    const get = (): never => {
      throw new Error('not now');
    };
    expect(sent(Object.assign(new Error('x'), { [part]: Symbol('odd') }))).toMatchObject({ stack: expect.any(String) });
    expect(sent(Object.defineProperty(new Error('x'), part, { get, enumerable: true }))).toMatchObject({ stack: expect.any(String) });
  });
});
