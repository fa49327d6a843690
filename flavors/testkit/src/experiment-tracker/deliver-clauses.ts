import assert from 'node:assert/strict';

import type { LoggedEvent } from '@mortise/core';

import type { ExperimentTrackerSuite } from './experiment-tracker-suite.ts';
import { text } from './open-clauses.ts';
import { curve, events, never, type Clause } from './tracker-place.ts';

/** How many events core sends at once to a tracker that has no limit. */
const CORE_BATCH = 1_000;

/** What is logged arrives as it was. */
export function deliverClauses(it: Clause, suite: ExperimentTrackerSuite): void {
  const { capabilities, lacks = [], refused } = suite;
  const { batch = CORE_BATCH, keyLength = 200, paramLength = 5_000 } = capabilities.limits ?? {};

  it('params, tags and points are at the tracker once they are confirmed', async (place) => {
    const test = await place.begin();
    const logged = events([
      { kind: 'params', values: { lr: 0.1, layers: [1, 2], on: true, none: null, text: 'a b' } },
      { kind: 'tags', set: { a: '1', b: '2' } },
      ...curve('loss', 5),
      { kind: 'metrics', values: { x: 1, y: -2.5 }, step: 7 },
    ]);
    await place.log(test, logged);
    const { params, tags, status } = await place.read(test);
    for (const [name, value] of Object.entries({ lr: 0.1, layers: [1, 2], on: true, text: 'a b' }))
      assert.equal(text(params[name]).replaceAll(' ', ''), text(value).replaceAll(' ', ''), `param ${name}`);
    assert.deepEqual({ team: tags['team'], a: tags['a'], b: tags['b'], status }, { team: 'red', a: '1', b: '2', status: 'running' });
    await place.assertPoints(test, logged);
  });

  it('a receipt confirms the last event of each writer', async (place) => {
    const test = await place.begin();
    const one = events(curve('loss', 3), { writer: 'one', from: 5 });
    const two = events(curve('other', 2), { writer: 'two' });
    const mixed = [one[0]!, two[0]!, one[1]!, two[1]!, one[2]!];
    const { through } = await test.run.deliver(mixed, never());
    const last: Record<string, number> = { one: 7, two: 2 };
    for (const [writer, seq] of Object.entries(through))
      assert.ok(seq <= last[writer]!, `it confirmed ${writer} ${seq}, which was not sent`);
    await place.log(test, mixed);
    await place.assertPoints(test, mixed);
  });

  it('what was said last counts', async (place) => {
    const test = await place.begin();
    await place.log(
      test,
      events([
        { kind: 'tags', set: { a: '1', b: '2', c: '3' } },
        { kind: 'tags', set: { a: '4' } },
      ]),
    );
    await place.log(
      test,
      events(
        [
          { kind: 'tags', set: { b: '5' } },
          { kind: 'tags', set: {}, remove: ['c'] },
        ],
        { from: 3 },
      ),
    );
    const { a, b, c } = (await place.read(test)).tags;
    assert.deepEqual({ a, b, c }, { a: '4', b: '5', c: undefined });
  });

  it(`a batch of ${batch} events arrives whole`, async (place) => {
    const test = await place.begin();
    const logged = events(curve('loss', batch));
    await place.log(test, logged);
    await place.assertPoints(test, logged);
  });

  it('many small batches arrive in their order', async (place) => {
    const test = await place.begin();
    const logged = events(curve('loss', 40));
    for (let at = 0; at < logged.length; at += 3) await place.log(test, logged.slice(at, at + 3));
    await place.assertPoints(test, logged);
  });

  it('nothing of one run gets into another, however they take turns', async (place) => {
    const [one, two] = [await place.begin('one'), await place.begin('two')];
    const [first, second] = [events(curve('loss', 6)), events(curve('loss', 6, { from: 100 }))];
    for (let at = 0; at < 6; at += 2)
      await Promise.all([place.log(one, first.slice(at, at + 2)), place.log(two, second.slice(at, at + 2))]);
    await place.log(
      one,
      events(
        [
          { kind: 'params', values: { who: 'one' } },
          { kind: 'tags', set: { who: 'one' } },
        ],
        { from: 7 },
      ),
    );
    await place.close(one);
    await place.assertPoints(one, first);
    await place.assertPoints(two, second);
    const { params, tags, status } = await place.read(two);
    assert.deepEqual({ param: params['who'], tag: tags['who'], status }, { param: undefined, tag: undefined, status: 'running' });
  });

  it('NaN and the infinities arrive, or are refused with a reason', async (place) => {
    const test = await place.begin();
    const odd = { nan: Number.NaN, most: Infinity, least: -Infinity };
    const logged = events(Object.entries(odd).map(([name, value]) => ({ kind: 'metrics', values: { [name]: value }, step: 1 })));
    const rejected = await place.send(test, logged);
    await place.assertPoints(
      test,
      logged.filter(({ seq }) => !rejected.some((event) => event.seq === seq)),
    );
  });

  it('the numbers of points are not rounded', async (place) => {
    const test = await place.begin();
    const values = [0.1 + 0.2, 1e-300, 1.7976931348623157e308, 2 ** 53, -0.000123456789012345];
    const logged = events(values.map((value, step) => ({ kind: 'metrics', values: { [`v${step}`]: value }, step })));
    await place.log(test, logged);
    await place.assertPoints(test, logged);
  });

  it('names beyond ASCII arrive as they are, or are refused with a reason', async (place) => {
    const test = await place.begin();
    const names = ['pr\u00e9cision', '\u640d\u5931', 'a b', 'a/b', 'a.b-c_d', '\u{1f377}'];
    const logged = events(names.map((name) => ({ kind: 'metrics', values: { [name]: 1 }, step: 1 })));
    const rejected = await place.send(test, logged);
    const isTaken = ({ seq }: { seq: number }): boolean => !rejected.some((event) => event.seq === seq);
    await place.assertPoints(test, logged.filter(isTaken));
  });

  it('texts beyond ASCII, and of several lines, arrive as they are', async (place) => {
    const test = await place.begin();
    const odd = 'pr\u00e9cision \u640d\u5931 \u{1f377} "quoted" \\ \'\n<b>&amp;\n\ttab %20';
    await place.log(
      test,
      events([
        { kind: 'params', values: { odd } },
        { kind: 'tags', set: { odd } },
        { kind: 'note', markdown: odd },
      ]),
    );
    const { params, tags, note } = await place.read(test);
    assert.equal(params['odd'], odd);
    assert.equal(tags['odd'], odd);
    if (!lacks.includes('note')) assert.equal(note, odd);
  });

  it(`names of ${keyLength} characters and param values of ${paramLength} arrive whole`, async (place) => {
    const test = await place.begin();
    const [name, value] = ['n'.repeat(keyLength), 'v'.repeat(paramLength)];
    const logged = events([
      { kind: 'metrics', values: { [name]: 1 }, step: 0 },
      { kind: 'params', values: { [name]: value } },
    ]);
    await place.log(test, logged);
    await place.assertPoints(test, logged);
    assert.equal((await place.read(test)).params[name], value);
  });

  it('notes, documents, datasets and definitions of metrics are taken, and are there where there is a place for them', async (place) => {
    const test = await place.begin();
    const logged: LoggedEvent[] = [
      { kind: 'define-metric', name: 'loss', summary: 'min', goal: 'minimize' },
      { kind: 'note', markdown: 'the first' },
      { kind: 'note', markdown: '# good' },
      { kind: 'json', name: 'matrix', mime: 'application/json', value: { rows: [[1, 2]] } },
      { kind: 'dataset', name: 'wine', digest: 'ab12', source: 'file:///wine.csv', context: 'train' },
    ];
    await place.log(test, events(logged));
    await place.close(test);
    const { note, documents, datasets } = await place.read(test);
    if (!lacks.includes('note')) assert.equal(note, '# good');
    if (!lacks.includes('documents')) assert.deepEqual([...documents], ['matrix']);
    if (!lacks.includes('datasets')) assert.deepEqual([...datasets], ['wine']);
  });

  it('what comes right before the close arrives with it', async (place) => {
    const test = await place.begin();
    const logged = events(curve('loss', 5));
    await place.log(test, logged.slice(0, 2));
    await place.log(test, logged.slice(2), true);
    await place.close(test);
    assert.equal((await place.read(test)).status, 'completed');
    await place.assertPoints(test, logged);
  });

  if (refused !== undefined) {
    it('something refused for good is set aside alone, with a reason', async (place) => {
      const test = await place.begin();
      const good = curve('loss', 6);
      const logged = events([...good.slice(0, 3), refused, ...good.slice(3)]);
      const rejected = await place.send(test, logged);
      assert.deepEqual(
        rejected.map(({ writer, seq }) => ({ writer, seq })),
        [{ writer: 'w', seq: 4 }],
      );
      await place.assertPoints(
        test,
        logged.filter(({ seq }) => seq !== 4),
      );
      await place.close(test);
    });
  }
}
