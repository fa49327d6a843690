import { describe, expect, it } from '@jest/globals';
import { checkRunOptions } from './check-run-options.ts';
import { RUN_OPTIONS, type RunOptions } from './run-options.ts';

/** As a caller without types may call it. */
const check = (options: unknown) => () => checkRunOptions(options as RunOptions);

describe('the options of a run', () => {
  it('may all be given, or be undefined', () => {
    check({
      stack: 's',
      name: 'a-1',
      cache: false,
      concurrency: 2,
      executionMode: 'fail-fast',
      isolation: 'process',
      experiment: 'My wine',
    })();
    check({
      tags: { a: 'b' },
      signal: new AbortController().signal,
      throwOnFailure: true,
      onStep: () => undefined,
      onTrackerWait: () => undefined,
    })();
    check(Object.fromEntries(RUN_OPTIONS.map((option) => [option, undefined])))();
  });

  it.each(['latest', '', ' ', 'a b', 'a/b', 'a\nb', '../a', 'x'.repeat(129)])('refuse the name %j', (name) => {
    expect(check({ name })).toThrow(expect.objectContaining({ code: 'BAD_NAME', message: `${JSON.stringify(name)} is no name for a run` }));
  });

  it.each([
    [{ stack: 5 }, 'option "stack" of run() must be a text'],
    [{ name: 5 }, 'option "name" of run() must be a text'],
    [{ cache: 'no' }, 'option "cache" of run() must be true or false'],
    [{ throwOnFailure: 1 }, 'option "throwOnFailure" of run() must be true or false'],
    [{ concurrency: 0 }, 'option "concurrency" of run() must be a whole number from 1'],
    [{ concurrency: Infinity }, 'option "concurrency" of run() must be a whole number from 1'],
    [{ concurrency: '2' }, 'option "concurrency" of run() must be a whole number from 1'],
    [{ executionMode: 'x' }, 'option "executionMode" of run() must be "fail-fast" or "stop-on-failure" or "continue-on-failure"'],
    [{ isolation: 'thread' }, 'option "isolation" of run() must be "inline" or "process"'],
    [{ experiment: '' }, 'option "experiment" of run() must be one line of text'],
    [{ experiment: 'a\nb' }, 'option "experiment" of run() must be one line of text'],
    [{ tags: 'x' }, 'option "tags" of run() must be an object of texts'],
    [{ tags: ['x'] }, 'option "tags" of run() must be an object of texts'],
    [{ tags: { ' ': 'a' } }, 'option "tags" of run() must have no tag whose name is blank'],
    [{ tags: { a: 1 } }, 'option "tags" of run() must be an object of texts'],
    [
      { tags: { 'mortise.a': 'b' } },
      'option "tags" of run() must have no tag "mortise.a": names that begin with "mortise." are Mortise\'s own',
    ],
    [{ signal: {} }, 'option "signal" of run() must be an AbortSignal'],
    [{ onStep: {} }, 'option "onStep" of run() must be a function'],
    [{ onTrackerWait: 2 }, 'option "onTrackerWait" of run() must be a function'],
  ])('refuse %j', (options, message) => {
    expect(check(options)).toThrow(expect.objectContaining({ code: 'BAD_OPTION', message }));
  });

  it('are an object of known names', () => {
    expect(check({ stak: 's' })).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION', advice: 'Did you mean "stack"?' }));
    for (const options of [null, 'x', ['x'], new Map()]) expect(check(options)).toThrow(expect.objectContaining({ code: 'BAD_USAGE' }));
  });
});
