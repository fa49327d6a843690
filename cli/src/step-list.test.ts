import { describe, expect, it } from '@jest/globals';
import { stepListLines, type ListedStep, type StepList } from './step-list.ts';

const listed = (step: string, more: Partial<ListedStep> = {}): ListedStep => {
  return { step, status: 'running', attempt: 1, beganAt: 1_000, endedAfter: undefined, message: undefined, ...more };
};
const lines = (steps: readonly ListedStep[], more: Partial<StepList> = {}): string[] =>
  stepListLines({ run: 'r', steps, now: 3_500, rows: 24, columns: 80, ...more });

describe('the list of steps', () => {
  it('shows how long a step has been going, or how long it took', () => {
    expect(lines([listed('load', { status: 'completed', endedAfter: 42 }), listed('train')])).toEqual([
      'run r',
      '  load   completed  0.0 s',
      '  train  running    2.5 s',
    ]);
  });

  it('shows attempts after the first, and the first line of an error', () => {
    expect(
      lines([listed('a', { attempt: 2, message: 'too far\nfrom here' }), listed('b', { status: 'cached', attempt: 0, endedAfter: 0 })]),
    ).toEqual(['run r', '  a  running  2.5 s  attempt 2: too far', '  b  cached']);
  });

  const many = Array.from({ length: 30 }, (_, i) => listed(`s${i}`, { status: 'completed', beganAt: i, endedAfter: 1 }));
  const going = [listed('first'), ...many, listed('bad', { status: 'failed', endedAfter: 5 })];

  it('has no more lines than there is room for: what goes on, what failed, what ended last', () => {
    expect(lines(going, { rows: 6 }).map((line) => line.split(/ {2,}/).filter(Boolean)[0])).toEqual([
      'run r',
      'first',
      's28',
      's29',
      'bad',
      'and 28 more: 28 completed',
    ]);
  });

  it.each([1, 2, 3])('fits into %d rows', (rows) => {
    expect(lines(going, { rows })).toHaveLength(rows);
  });

  it('cuts what is longer than a row', () => {
    for (const line of lines([listed('a', { message: 'x'.repeat(200) })], { columns: 30 })) expect([...line].length).toBeLessThan(30);
  });
});
