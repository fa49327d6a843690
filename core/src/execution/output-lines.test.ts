import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

import type { LoggedEvent } from '../tracking/experiment-tracker.ts';
import { OutputLines, UNENDED_LENGTH, UNENDED_MS } from './output-lines.ts';

// However slow the machine is, no time goes by but what a test lets go by.
beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** `out a`, for each line that was logged. */
function listening(log?: () => never): { lines: OutputLines; logged: string[]; warned: string[] } {
  const [logged, warned]: [string[], string[]] = [[], []];
  const take = (event: LoggedEvent): void => {
    log?.();
    if (event.kind === 'log') logged.push(`${event.stream} ${event.text}`);
  };
  return { lines: new OutputLines(take, (what) => warned.push(what)), logged, warned };
}

test('what is printed byte by byte is logged line by line, as soon as a line ends', () => {
  const { lines, logged } = listening();
  for (const letter of 'one\ntwo\r\n\nthr') lines.add('out', letter);
  expect(logged).toEqual(['out one', 'out two', 'out ']);
  lines.add('out', 'ee\nfour\n');
  expect(logged.slice(3)).toEqual(['out three', 'out four']);
});

test('a line of one stream may end within one of the other', () => {
  const { lines, logged } = listening();
  lines.add('out', 'a');
  lines.add('err', 'oh\n');
  lines.add('out', 'b\n');
  expect(logged).toEqual(['err oh', 'out ab']);
});

test('of a progress bar the last state of each line remains', () => {
  const { lines, logged } = listening();
  for (let percent = 0; percent <= 100; percent += 10) lines.add('err', `\r${percent}%`);
  lines.add('err', '\nstep 1\rstep 2\r');
  lines.end();
  expect(logged).toEqual(['err 100%', 'err step 2']);
});

test.each(['a\rone\r\r\ntwo\r\r\r\n', 'a\rone\r\r\ntwo\r\r\r'])(
  'several carriage returns at the end of a line overwrite nothing, in whatever pieces they come: %j',
  (text) => {
    for (const pieces of [[text], [...text]]) {
      const { lines, logged } = listening();
      for (const piece of pieces) lines.add('out', piece);
      lines.end();
      expect(logged).toEqual(['out one', 'out two']);
    }
  },
);

test('what follows several carriage returns overwrites the line', () => {
  const { lines, logged } = listening();
  for (const piece of ['10%\r', '\r20%\r\r', '30%', '\r\r', '\n']) lines.add('out', piece);
  lines.add('out', '\r\r\r\n');
  expect(logged).toEqual(['out 30%', 'out ']);
});

test('a line without an end is logged when nothing follows', () => {
  const { lines, logged } = listening();
  lines.add('out', 'a prompt: ');
  expect(logged).toEqual([]);
  lines.end();
  expect(logged).toEqual(['out a prompt: ']);
  lines.end();
  lines.add('out', 'too late\n');
  expect(logged).toHaveLength(1);
});

test('a line without an end is not waited for longer than a second, nor when it is long', () => {
  const { lines, logged } = listening();
  lines.add('out', 'x'.repeat(UNENDED_LENGTH));
  expect(logged).toHaveLength(1);
  lines.add('out', 'wait');
  jest.advanceTimersByTime(UNENDED_MS - 1);
  expect(logged).toHaveLength(1);
  jest.advanceTimersByTime(1);
  expect(logged.slice(1)).toEqual(['out wait']);
  lines.add('out', 'ed\n');
  expect(logged.slice(2)).toEqual(['out ed']);
});

test('nor by a step that never awaits', () => {
  const { lines, logged } = listening();
  lines.add('out', '.');
  jest.setSystemTime(Date.now() + UNENDED_MS);
  lines.add('out', '.');
  expect(logged).toEqual(['out ..']);
});

test('where nothing can be logged any more, the step goes on, and that is said once', () => {
  const full = (): never => {
    throw new Error('the disk is full');
  };
  const { lines, warned } = listening(full);
  for (let i = 0; i < 3; i++) lines.add('out', 'a\nb\n');
  lines.end();
  expect(warned).toEqual(['what a step printed is not sent to its trackers any more: the disk is full']);
});
