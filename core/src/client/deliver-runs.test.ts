import { setTimeout } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pipeline } from '../pipeline/pipeline.ts';
import { step } from '../pipeline/step.ts';
import type { LedgerRun, SageRun } from '../testing/sage.ts';
import { SageProject } from '../testing/sage-project.ts';
import { activeRun } from '../tracking/active-run.ts';

let sage: SageProject;
beforeEach(async () => {
  sage = await SageProject.make();
  await sage.ledger('red');
});
afterEach(() => sage.end());

const deliver = (runs: readonly string[], to = 'red') => sage.client.deliverRuns({ runs, to, patienceMs: 200 });
const points = (run: LedgerRun): [number, number | string][] =>
  run.events.flatMap(({ values, step, kind }) =>
    kind === 'metrics' ? Object.values(values!).map((value): [number, number | string] => [step!, value]) : [],
  );
const RUNS: SageRun[] = Array.from({ length: 20 }, (_, i) => ({
  ...{ id: `${i}`, name: `run-${i}`, points: 100, tags: { color: 'red' }, files: { 'notes/a.txt': `wine ${i}` }, user: 'ada' },
  ...(i % 5 === 1 && { outcome: { status: 'failed', error: { name: 'Error', message: `broke ${i}` } } }),
  ...(i % 5 === 2 && { outcome: { status: 'killed', reason: 'SIGTERM' } }),
}));
const NAMES = RUNS.map(({ name }) => name!);

describe('imported runs', () => {
  test('arrive whole at another tracker: points, tags, files, states and times, below a run of their name', async () => {
    await sage.import(RUNS);
    expect(await deliver(NAMES)).toEqual({
      component: 'red',
      added: 40,
      delivered: 40,
      left: 0,
      reason: null,
      advice: null,
      refused: [],
      givenUp: [],
    });
    const ledger = sage.ledgerOf('red');
    expect(ledger.size).toBe(40);
    for (const [i, name] of NAMES.entries()) {
      const [parent, own] = [ledger.get(name)!, ledger.get(`${name} > imported`)!];
      const status = i % 5 === 1 ? 'failed' : i % 5 === 2 ? 'killed' : 'completed';
      for (const run of [parent, own]) {
        expect(run.start).toMatchObject({ name, group: name, experiment: 'wine', user: 'ada', startedAt: 1_700_000_000_000 });
        expect(run.start.tags).toMatchObject({ color: 'red', 'imported.from': 'sage', 'imported.id': String(i) });
        expect(run.start.source).toBeUndefined();
        expect(run.closes).toMatchObject([{ outcome: { status }, endedAt: 1_700_000_060_000 }]);
        if (status === 'failed') expect(run.closes[0]!.outcome.error!.message).toBe(`broke ${i}`);
      }
      expect(points(own)).toEqual(Array.from({ length: 100 }, (_, at) => [at, at / 2]));
      expect(own.files).toEqual({ 'notes/a.txt': `wine ${i}` });
    }
    const { trackerRuns, steps, runMetadata } = await sage.client.getPipelineRun('run-0');
    expect(trackerRuns).toMatchObject([{ component: 'red', status: 'completed', delivered: true }]);
    const url = ledger.get('run-0 > imported')!.identity.key;
    expect(steps['imported']!.runMetadata['experiment_tracker_url']).toEqual({ type: 'uri', value: `ledger:red/${url}` });
    expect(steps['imported']!.runMetadata['experiment_tracker_url:red']).toEqual({ type: 'uri', value: `ledger:red/${url}` });
    expect(runMetadata['experiment_tracker_url:red']).toBeDefined();
  });

  test('that were delivered are not sent again', async () => {
    await sage.import(RUNS);
    await deliver(NAMES);
    const before = [...sage.ledgerOf('red').values()];
    expect(await deliver(NAMES)).toMatchObject({ added: 0, delivered: 0, left: 0 });
    expect([...sage.ledgerOf('red').values()]).toEqual(before);
  });

  test('go to several trackers, each with an outcome and a URL of its own', async () => {
    await sage.ledger('white');
    await sage.import(RUNS.slice(0, 2));
    await deliver(['run-0', 'run-1'], 'red');
    expect(await deliver(['run-0', 'run-1'], 'white')).toMatchObject({ added: 4, delivered: 4 });
    expect(points(sage.ledgerOf('white').get('run-0 > imported')!)).toHaveLength(100);
    for (const metadata of await Promise.all(
      ['run-0', 'run-1'].map(async (name) => (await sage.client.getPipelineRun(name)).runMetadata),
    )) {
      const urls = ['', ':red', ':white'].map((suffix) => (metadata[`experiment_tracker_url${suffix}`]?.value as string).split('/')[0]);
      expect(urls).toEqual(['ledger:red', 'ledger:red', 'ledger:white']);
    }
  });

  test('wait while the tracker is down, and go on when it is up, each point once', async () => {
    await sage.import(RUNS.slice(0, 3));
    sage.setLedger('red', 'closed');
    expect(await deliver(NAMES.slice(0, 3))).toMatchObject({ added: 6, delivered: 0, left: 6, reason: 'the ledger is closed' });
    sage.setLedger('red', 'open');
    expect(await deliver(NAMES.slice(0, 3))).toMatchObject({ added: 0, delivered: 6, left: 0 });
    expect(points(sage.ledgerOf('red').get('run-2 > imported')!)).toHaveLength(100);
  });

  test('that were given up wait again when they are asked for', async () => {
    await sage.import(RUNS.slice(0, 1));
    sage.setLedger('red', 'closed');
    await deliver(['run-0']);
    await sage.client.dropUndelivered();
    sage.setLedger('red', 'open');
    expect(await deliver(['run-0'])).toMatchObject({ added: 0, delivered: 2, left: 0 });
  });

  test('keep their logs when garbage is collected: they can go on to one tracker after another', async () => {
    await sage.import(RUNS.slice(0, 1));
    await deliver(['run-0']);
    await sage.client.collectGarbage();
    await sage.ledger('white');
    expect(await deliver(['run-0'], 'white')).toMatchObject({ delivered: 2 });
    expect(points(sage.ledgerOf('white').get('run-0 > imported')!)).toHaveLength(100);
  });

  test('without anything logged arrive all the same', async () => {
    await sage.import([{ id: 'e', name: 'empty' }]);
    expect(await deliver(['empty'])).toMatchObject({ delivered: 2 });
    expect(sage.ledgerOf('red').get('empty > imported')).toMatchObject({ events: [], closes: [{ outcome: { status: 'completed' } }] });
  });
});

describe('events that a tracker refuses for good', () => {
  const halves = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ at: 1_700_000_000_000, kind: 'metrics', values: { loss: i }, step: i + 0.5 }));
  const odd = (id: string, n: number): SageRun => ({ id, name: `odd ${id}`, points: 2, events: halves(n) });
  beforeEach(() => sage.ledger('whole', { step: 'integer' }));

  test('are told by run, with how many and why most of them; and again when the run is sent again', async () => {
    await sage.import([odd('a', 3), odd('b', 1), ...RUNS.slice(0, 1)]);
    const refused = [
      { run: 'odd a', events: 3, reasons: 1, why: 'step 0.5 is not an integer' },
      { run: 'odd b', events: 1, reasons: 1, why: 'step 0.5 is not an integer' },
    ];
    const names = ['odd a', 'odd b', 'run-0'];
    expect(await deliver(names, 'whole')).toMatchObject({ delivered: 6, left: 0, reason: null, refused });
    expect(await deliver(names.slice(1), 'whole')).toMatchObject({ added: 0, delivered: 0, refused: refused.slice(1) });
    expect(await sage.client.deliver()).toEqual([]);
  });

  test('and that were given up then, are not said to be there when the run is sent again', async () => {
    await sage.import([odd('a', 3), odd('b', 1), ...RUNS.slice(0, 1)]);
    const names = ['odd a', 'odd b', 'run-0'];
    expect(await deliver(names, 'whole')).toMatchObject({ delivered: 6, givenUp: [] });
    expect(await sage.client.dropUndelivered({ component: 'whole', run: 'odd a' })).toEqual({ trackerRuns: 0, events: 3 });
    expect(await deliver(names, 'whole')).toMatchObject({ added: 0, delivered: 0, refused: [{ run: 'odd b' }], givenUp: ['odd a'] });
    expect(await sage.client.retrySetAside()).toMatchObject([{ component: 'whole', refused: [{ run: 'odd b' }] }]);
  });

  test('of a run that was given up on its way are told when it is wanted again', async () => {
    await sage.import([{ id: 'c', name: 'odd c', points: 5_000, odd: true }]);
    const under = deliver(['odd c'], 'whole');
    // Its first batch, which has the odd one, is there.
    while ((sage.ledgerOf('whole').get('odd c > imported')?.events.length ?? 0) === 0) await setTimeout(1);
    sage.setLedger('whole', 'closed');
    const refused = [{ run: 'odd c', events: 1, why: 'step 0.25 is not an integer' }];
    expect(await under).toMatchObject({ left: 2, refused });
    expect(await sage.client.dropUndelivered()).toEqual({ trackerRuns: 2, events: 1 });
    expect((await sage.client.trackerStatus('whole')).items).toMatchObject([{ trackerRuns: 0, setAside: [] }]);
    sage.setLedger('whole', 'open');
    expect(await deliver(['odd c'], 'whole')).toMatchObject({ added: 0, delivered: 2, left: 0, refused, givenUp: [] });
  });

  test('of a run that waited are told too, and not those of others', async () => {
    await sage.import([odd('a', 3), odd('b', 1)]);
    await deliver(['odd a'], 'whole');
    sage.setLedger('whole', 'closed');
    await deliver(['odd b'], 'whole');
    sage.setLedger('whole', 'open');
    expect(await sage.client.deliver()).toMatchObject([{ component: 'whole', delivered: 2, refused: [{ run: 'odd b', events: 1 }] }]);
    expect(await sage.client.retrySetAside()).toMatchObject([
      {
        refused: [
          { run: 'odd a', events: 3 },
          { run: 'odd b', events: 1 },
        ],
      },
    ]);
  });

  test('stand in the status one by one with what they are, and together by run, name and reason', async () => {
    const long = 'x'.repeat(20);
    const other = { at: 1_700_000_000_000, kind: 'metrics', values: { val: 1, [long]: 2 }, step: 7.25 };
    await sage.import([{ ...odd('a', 3), events: [...halves(3), other] }, odd('b', 2)]);
    await deliver(['odd a', 'odd b'], 'whole');
    const [status] = (await sage.client.trackerStatus('whole')).items;
    const writer = expect.any(String);
    const of = (run: string) => ({ run, step: 'imported', attempt: 1, kind: 'metrics' });
    expect(status!.setAside).toHaveLength(6);
    expect(status!.setAside[1]).toEqual({ ...of('odd a'), names: ['loss'], writer, seq: 4, why: 'step 1.5 is not an integer' });
    expect(status!.refused).toEqual([
      { ...of('odd a'), names: ['loss'], events: 3, firstSeq: 3, why: 'step 0.5 is not an integer' },
      { ...of('odd a'), names: ['val', long], events: 1, firstSeq: 6, why: 'step 7.25 is not an integer' },
      { ...of('odd b'), names: ['loss'], events: 2, firstSeq: 3, why: 'step 0.5 is not an integer' },
    ]);
  });
});

describe('a run of a pipeline', () => {
  const flaky = step(
    'flaky',
    { cache: false, retry: { retries: 1 }, settings: { 'experiment-tracker': { tags: { kind: 'final' } } } },
    ({ fail }: { fail: boolean }) => {
      activeRun().logMetric('loss', ++tries);
      if (fail && tries === 1) throw new Error('once');
      return tries;
    },
  );
  const items = step('items', { cache: false }, () => [1, 2]);
  const each = step('each', { cache: false }, ({ item }: { item: number }) => void activeRun().logMetric('item', item));
  const wine = pipeline('wine', { params: { fail: true } }, ({ fail }) => {
    flaky({ fail });
    each.map({ item: items() });
  });
  let tries = 0;
  beforeEach(async () => {
    tries = 0;
    await wine.run({}, { name: 'mine' });
  });

  test('has a tracker run for each attempt and item at a tracker that was not in its stack, a retried one with its successor', async () => {
    expect(await deliver(['mine'])).toMatchObject({ delivered: 6 });
    const ledger = sage.ledgerOf('red');
    const steps = ['each[0]', 'each[1]', 'flaky', 'flaky (2)', 'items'].map((step) => `mine > ${step}`);
    expect([...ledger.keys()].sort()).toEqual(['mine', ...steps]);
    const [first, second] = [ledger.get('mine > flaky')!, ledger.get('mine > flaky (2)')!];
    expect([first.start.name, second.start.name]).toEqual(['flaky', 'flaky (attempt 2)']);
    expect(first.closes).toMatchObject([{ outcome: { status: 'failed', error: { message: 'once' } }, supersededBy: second.identity.key }]);
    expect([first, second].map((run) => [run.start.tags['kind'], points(run)])).toEqual([
      ['final', [[0, 1]]],
      ['final', [[0, 2]]],
    ]);
    expect(points(ledger.get('mine > each[1]')!)).toEqual([[0, 2]]);
  });

  test('says which step lost its log when garbage was collected', async () => {
    await sage.client.collectGarbage();
    await expect(deliver(['mine'])).rejects.toMatchObject({
      code: 'LOG_COLLECTED',
      message: expect.stringMatching(/^run "mine" cannot be delivered: what its step "/),
    });
    expect((await sage.client.getPipelineRun('mine')).trackerRuns).toEqual([]);
  });

  test('that was given up, and lost its log since, is not said to be delivered', async () => {
    sage.setLedger('red', 'closed');
    await deliver(['mine']);
    await sage.client.dropUndelivered();
    await sage.client.collectGarbage();
    sage.setLedger('red', 'open');
    await expect(deliver(['mine'])).rejects.toMatchObject({ code: 'LOG_COLLECTED' });
    expect(sage.ledgerOf('red').size).toBe(0);
  });

  test('goes nowhere while the tracker or the run is unknown', async () => {
    await expect(deliver(['mine'], 'rosé')).rejects.toMatchObject({ code: 'UNKNOWN_COMPONENT' });
    await expect(deliver(['mine', 'nobody'])).rejects.toMatchObject({ code: 'UNKNOWN_RUN' });
  });
});
