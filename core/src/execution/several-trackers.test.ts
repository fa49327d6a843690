import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pipeline } from '../pipeline/pipeline.ts';
import { step } from '../pipeline/step.ts';
import { SageProject } from '../testing/sage-project.ts';
import { activeRun } from '../tracking/active-run.ts';

let sage: SageProject;
beforeEach(async () => {
  sage = await SageProject.make();
  for (const name of ['red', 'white']) await sage.ledger(name);
  await sage.client.registerStack('both', { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': ['red', 'white'] });
});
afterEach(() => sage.end());

const train = step('train', { experimentTracker: ['white', 'red'], cache: false }, ({ fail }: { fail: boolean }) => {
  for (let i = 0; i < 10; i++) activeRun().logMetric('loss', i);
  if (fail) throw new Error('no wine left');
});
const wine = pipeline('wine', { params: { fail: true } }, ({ fail }) => train({ fail }));

const urls = (metadata: Record<string, { value: unknown }>) =>
  Object.fromEntries(
    Object.entries(metadata).flatMap(([name, { value }]) =>
      name.startsWith('experiment_tracker_url') ? [[name, String(value).split('/')[0]]] : [],
    ),
  );

test('of two trackers that one call logs to, the one that is down changes nothing for the other; each has its own outcome and URL', async () => {
  sage.setLedger('white', 'closed');
  await wine.run({}, { name: 'mine', stack: 'both', trackerTimeoutMs: 200 });
  const before = await sage.client.getPipelineRun('mine');
  expect(before.trackerRuns.map(({ component, status, delivered }) => [component, status, delivered])).toEqual([
    ['red', 'failed', true],
    ['white', 'queued', false],
  ]);
  expect(before.warnings).toEqual(['experiment tracker "white": 2 tracker runs not delivered yet (the ledger is closed)']);
  expect(urls(before.steps['train']!.runMetadata)).toEqual({ 'experiment_tracker_url:red': 'ledger:red' });
  expect(sage.ledgerOf('red').get('mine > train')).toMatchObject({
    closes: [{ outcome: { status: 'failed', error: { message: 'no wine left' } } }],
  });

  sage.setLedger('white', 'open');
  expect(await sage.client.deliver()).toMatchObject([{ component: 'white', delivered: 2, left: 0 }]);
  const after = await sage.client.getPipelineRun('mine');
  const both = { 'experiment_tracker_url:red': 'ledger:red', 'experiment_tracker_url:white': 'ledger:white' };
  // The first of the step is `white`, that of the stack `red`.
  expect(urls(after.steps['train']!.runMetadata)).toEqual({ ...both, experiment_tracker_url: 'ledger:white' });
  expect(urls(after.runMetadata)).toEqual({ ...both, experiment_tracker_url: 'ledger:red' });
  const [red, white] = ['red', 'white'].map((name) => sage.ledgerOf(name).get('mine > train')!);
  expect(white!.events.map(({ kind, values, step: at }) => [kind, values, at])).toEqual(
    red!.events.map(({ kind, values, step: at }) => [kind, values, at]),
  );
  expect(white!.closes).toMatchObject(red!.closes);
});

test.each(['stop-on-failure', 'fail-fast'] as const)(
  'who stops a run that failed (%s) stops its wait for a tracker that is down',
  async (executionMode) => {
    sage.setLedger('white', 'closed');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 1_000);
    const before = performance.now();
    const run = await wine.run({}, { stack: 'both', trackerTimeoutMs: 8_000, executionMode, signal: stop.signal });
    expect(performance.now() - before).toBeLessThan(7_000);
    expect(run.status).toBe('failed');
  },
);
