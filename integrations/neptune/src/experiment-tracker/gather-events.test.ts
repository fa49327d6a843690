import { describe, expect, test } from '@jest/globals';
import type { LoggedEvent } from '@mortise/core';

import { eventsOf } from '../testing/tracker-at.ts';
import { readSnapshot } from '../wire/read-operations.ts';
import { gatherEvents } from './gather-events.ts';
import type { RunMemory } from './run-memory.ts';

const fresh: RunMemory = {
  begun: true,
  ended: undefined,
  acked: new Map(),
  tags: new Map([['team', 'team:red']]),
  lastStep: () => undefined,
};

const gather = (logged: LoggedEvent[], memory: Partial<RunMemory> = {}) =>
  gatherEvents(eventsOf(logged), { ...fresh, ...memory }, new Map());
const read = (logged: LoggedEvent[], memory?: Partial<RunMemory>) =>
  gather(logged, memory).snapshots.map(({ bytes }) => readSnapshot(bytes));
const whys = (logged: LoggedEvent[], memory?: Partial<RunMemory>) => gather(logged, memory).refused.map(({ seq, why }) => [seq, why]);
const metric = (step: number, values: Record<string, number> = { loss: 1 }): LoggedEvent => ({ kind: 'metrics', values, step });

describe('steps', () => {
  test('that do not rise are refused by name, those of other metrics are not', () => {
    const logged = [metric(3), metric(3), metric(2, { loss: 1, acc: 1 }), metric(4)];
    expect(whys(logged)).toEqual([
      [2, 'the metric "loss" has step 3 after step 3: the steps of a series rise at Neptune'],
      [3, 'the metric "loss" has step 2 after step 3: the steps of a series rise at Neptune'],
    ]);
    expect(read(logged).map(({ step, append }) => [step, [...append!.keys()]])).toEqual([
      [3, ['metrics/loss']],
      [2, ['metrics/acc']],
      [4, ['metrics/loss']],
    ]);
  });

  test('come after those that were sent before', () => {
    expect(whys([metric(5), metric(7)], { lastStep: () => 6 })).toEqual([[1, expect.stringContaining('step 5 after step 6')]]);
  });

  test('with more digits than Neptune keeps are refused, not rounded', () => {
    expect(whys([metric(0.1234567)])).toEqual([[1, 'step 0.1234567 has more than six digits after the point, Neptune keeps six']]);
  });
});

describe('params', () => {
  test('are fields of their own type, objects several, arrays JSON', () => {
    const values = { n: 3, lr: 0.5, big: 1e21, on: false, text: 'a', list: ['b', 'a'], nested: { a: { b: 1 }, empty: {} } };
    const [snapshot] = read([{ kind: 'params', values }]);
    expect(Object.fromEntries(snapshot!.assign!)).toEqual({
      'params/n': { kind: 'int', value: 3 },
      'params/lr': { kind: 'float', value: 0.5 },
      'params/big': { kind: 'float', value: 1e21 },
      'params/on': { kind: 'bool', value: false },
      'params/text': { kind: 'string', value: 'a' },
      'params/list': { kind: 'string', value: '["b","a"]' },
      'params/nested/a/b': { kind: 'int', value: 1 },
      'params/nested/empty': { kind: 'string', value: '{}' },
    });
  });

  test('that Neptune cannot keep are refused by name, the others of the event are not', () => {
    const logged: LoggedEvent[] = [
      { kind: 'params', values: { long: 'x'.repeat(1_048_577), half: '\ud83c', ['損'.repeat(400)]: 1, good: 1 } },
    ];
    expect(whys(logged)).toEqual([
      [
        1,
        expect.stringMatching(
          /^"params\/long" has 1048577 bytes, Neptune takes 1048576; "params\/half" has half of a character.*; .* has a path of 1207 bytes/,
        ),
      ],
    ]);
    expect(read(logged).map(({ assign }) => [...assign!.keys()])).toEqual([['params/good']]);
  });

  test('of two that have one path at Neptune the first is there, and the other is told of', () => {
    const logged: LoggedEvent[] = [{ kind: 'params', values: { a: { b: 1 }, 'a/b': 2, c: 3 } }];
    expect(whys(logged)).toEqual([[1, expect.stringMatching(/^"params\/a\/b" is there already, as a part of another one/)]]);
    expect(read(logged).map(({ assign }) => Array.from(assign!, ([path, { value }]) => [path, value]))).toEqual([
      [
        ['params/a/b', 1],
        ['params/c', 3],
      ],
    ]);
  });

  test('that are too many bytes for one operation become several', () => {
    const logged: LoggedEvent[] = [
      { kind: 'params', values: Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`p${n}`, 'x'.repeat(900_000)])) },
    ];
    const { snapshots, refused } = gather(logged);
    expect(refused).toEqual([]);
    expect(snapshots.map(({ bytes }) => bytes.length <= 2 * 1024 * 1024)).toEqual([true, true, true]);
    expect(read(logged).flatMap(({ assign }) => [...assign!.keys()])).toEqual([
      'params/p1',
      'params/p2',
      'params/p3',
      'params/p4',
      'params/p5',
    ]);
  });
});

test('many metrics of one step are within the limit of one operation', () => {
  const values = Object.fromEntries(
    Array.from({ length: 30_000 }, (_, i) => [`a/rather/long/name/of/a/metric/that/is/one/of/many/${i}`, i]),
  );
  const { snapshots } = gather([metric(1, values)]);
  expect(snapshots.length).toBeGreaterThan(1);
  expect(Math.max(...snapshots.map(({ bytes }) => bytes.length))).toBeLessThan(2 * 1024 * 1024);
  expect(snapshots.reduce((sum, { bytes }) => sum + readSnapshot(bytes).append!.size, 0)).toBe(30_000);
});

describe('tags', () => {
  test('are members of a set: another value takes the place of the one before', () => {
    const logged: LoggedEvent[] = [
      { kind: 'tags', set: { team: 'blue', baseline: 'true' } },
      { kind: 'tags', set: { team: 'red' }, remove: ['baseline', 'never'] },
    ];
    expect(read(logged).map(({ modify }) => Object.fromEntries(modify!.get('sys/tags')!))).toEqual([
      { 'team:red': 'remove', 'team:blue': 'add', baseline: 'add' },
      { 'team:blue': 'remove', 'team:red': 'add', baseline: 'remove' },
    ]);
  });

  test('set again as they are stay', () => {
    expect(read([{ kind: 'tags', set: { team: 'red' } }]).map(({ modify }) => Object.fromEntries(modify!.get('sys/tags')!))).toEqual([
      { 'team:red': 'add' },
    ]);
  });
});

describe('output', () => {
  test('has steps in millionths, as the Python client counts lines', () => {
    const line: LoggedEvent = { kind: 'log', stream: 'out', text: 'a' };
    expect(read([line, line, { ...line, stream: 'err' }]).map(({ step, append }) => [step, ...append!.keys()])).toEqual([
      [0.000001, 'logs/stdout'],
      [0.000002, 'logs/stdout'],
      [0.000001, 'logs/stderr'],
    ]);
    expect(read([line], { lastStep: () => 0.999999 }).map(({ step }) => step)).toEqual([1]);
  });

  test('has no empty lines, as the Python client leaves them out', () => {
    expect(read([{ kind: 'log', stream: 'out', text: '' }])).toEqual([]);
  });

  test('that is longer than a point becomes several, cut between characters', () => {
    const whole = `x${'🍷'.repeat(400_000)}`;
    const points = read([{ kind: 'log', stream: 'out', text: whole }]).map(({ append }) => append!.get('logs/stdout')!.value as string);
    expect(points.length).toBeGreaterThan(1);
    expect(points.every((point) => point.isWellFormed() && Buffer.byteLength(point) <= 1_048_576)).toBe(true);
    expect(points.join('')).toBe(whole);
  });
});

test('what is settled gives nothing', () => {
  const { snapshots, refused, acked } = gather([metric(1), metric(0.1234567), metric(2)], { acked: new Map([['w', 2]]) });
  expect(snapshots.map(({ event }) => event)).toEqual([{ writer: 'w', seq: 3 }]);
  expect({ refused, acked: [...acked!] }).toEqual({ refused: [], acked: [['w', 3]] });
});
