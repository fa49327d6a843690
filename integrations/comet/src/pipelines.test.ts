import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { activeRun, Client, initProject, pipeline, settingsFor, step } from '@mortise/core';
import { startFaultyProxy, type FaultyProxy } from '@mortise/test-servers';

import comet from './index.ts';
import { startCometRecorder, type CometRecorder } from './testing/comet-recorder.ts';
import { offlineExperiment } from './testing/offline-experiment.ts';
import { textOf } from './text-of.ts';

const FLAVOR = JSON.stringify(new URL('./index.ts', import.meta.url).href);

let recorder: CometRecorder;
let proxy: FaultyProxy;
let root: string;
const before = process.env['MORTISE_PROJECT'];
beforeAll(async () => {
  recorder = await startCometRecorder({ apiKey: 'a-key' });
  proxy = await startFaultyProxy(recorder.url);
  root = mkdtempSync(join(tmpdir(), 'mortise-comet-'));
  process.env['MORTISE_PROJECT'] = root;
  await initProject(root);
  writeFileSync(join(root, 'flavor.ts'), `export { default } from ${FLAVOR};\n`);
  await using client = new Client();
  await client.registerFlavor({ type: 'experiment-tracker', source: './flavor.ts' });
  await client.createSecret('comet', { key: 'a-key' });
  const configs = {
    online: { mode: 'online', apiKey: '{{secret.comet.key}}', urlOverride: recorder.url, workspace: 'acme' },
    offline: { mode: 'offline', offlineDirectory: 'archives', workspace: 'acme' },
    faulty: { mode: 'online', apiKey: '{{secret.comet.key}}', urlOverride: proxy.url, workspace: 'acme' },
  };
  for (const [name, config] of Object.entries(configs)) {
    await client.registerComponent({ type: 'experiment-tracker', name, flavor: 'comet', config });
    await client.registerStack(name, { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': name });
  }
});
afterAll(async () => {
  if (before === undefined) delete process.env['MORTISE_PROJECT'];
  else process.env['MORTISE_PROJECT'] = before;
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
  await proxy?.stop();
  await recorder?.stop();
});

async function ran(stack: string, name: string, fails: boolean) {
  await using client = new Client();
  await client.setActiveStack(stack);
  const settings = { ...settingsFor(comet, { labels: ['nightly'] }) };
  const train = step('train', { experimentTracker: true, settings }, async () => {
    const run = activeRun(comet);
    run.logParams({ lr: 0.1 });
    for (let at = 0; at < 5; at++) run.logMetrics({ loss: 1 / (at + 1) }, { step: at });
    await run.logArtifact(new TextEncoder().encode('weights'), { path: 'model/weights.bin' });
    const { experimentKey, client: calls } = await run.native();
    run.setTag('native', `${experimentKey.length} ${calls === undefined ? 'offline' : 'online'}`);
    if (fails) throw new TypeError('no wine left');
  });
  const run = await pipeline(name, () => void train()).run();
  return { run, url: textOf(run.steps['train']!.runMetadata['experiment_tracker_url']!.value) };
}

test('a step that completes is an experiment whose address is in the metadata of its run, with all that it logged', async () => {
  const { run, url } = await ran('online', 'wine', false);
  expect(run.status).toBe('completed');
  const experiment = recorder.experiment(url.split('/').at(-1)!);
  expect(url).toBe(`${recorder.url}/acme/wine/${experiment.key}`);
  const { others, params, points, assets, tags, isAlive, hasCrashed, error } = experiment;
  expect({ lr: params.get('lr'), steps: points.map(({ step: at }) => at), isAlive, hasCrashed, error }).toEqual({
    ...{ lr: 0.1, steps: [0, 1, 2, 3, 4], isAlive: false, hasCrashed: false, error: null },
  });
  expect(assets.map(({ fileName, bytes }) => [fileName, bytes.toString()])).toEqual([['model/weights.bin', 'weights']]);
  expect([...tags]).toEqual([run.name, 'wine', 'nightly']);
  expect(Object.fromEntries(others)).toMatchObject({ Name: 'train', 'mortise.run_id': run.id, native: '32 online' });
  const parent = [...recorder.experiments.values()].find(({ key }) => key === others.get('mortise.parent_key'))!;
  expect([parent.others.get('Name'), parent.isAlive]).toEqual([run.name, false]);
});

test('a step that fails is an experiment that crashed, with the text of its error', async () => {
  const { run, url } = await ran('online', 'failing', true);
  expect(run.status).toBe('failed');
  const { isAlive, hasCrashed, error, points } = recorder.experiment(url.split('/').at(-1)!);
  expect({ isAlive, hasCrashed, error, count: points.length }).toEqual({
    ...{ isAlive: false, hasCrashed: true, error: 'TypeError: no wine left', count: 5 },
  });
});

test.each([false, true])('offline it is an archive, whose address is in the metadata; failed: %s', async (fails) => {
  const { run, url } = await ran('offline', `offline-${fails}`, fails);
  expect(run.status).toBe(fails ? 'failed' : 'completed');
  const path = fileURLToPath(url);
  expect([existsSync(path), pathToFileURL(path).href]).toEqual([true, url]);
  const key = /([0-9a-f]{32})\.zip$/.exec(path)![1]!;
  const { points, error, assets, others } = (await offlineExperiment(join(root, 'archives'), key))!;
  expect({ count: points.length, error, files: assets.length, native: others.get('native') }).toEqual({
    ...{ count: 5, error: fails ? 'TypeError: no wine left' : null, files: 1, native: '32 offline' },
  });
});

test.each([
  [401, 'does not know the API key', 'check apiKey'],
  [429, 'asks to come back later', ''],
])(
  'from the middle of a run on answered with %i, it completes, says in one line what is the matter, and is delivered later, each point once',
  async (status, why, advice) => {
    await using client = new Client();
    await client.setActiveStack('faulty');
    const train = step('train', { experimentTracker: true, cache: false }, async () => {
      const run = activeRun(comet);
      run.logMetrics({ loss: 1 }, { step: 0 });
      await run.native();
      await until(() => [...recorder.experiments.values()].some(({ points }) => points.length === 1));
      proxy.inject({ kind: 'answer', status, headers: { 'content-type': 'application/json', 'retry-after': '1' }, body: '{"msg":"no"}' });
      for (let at = 1; at < 200; at++) run.logMetrics({ loss: 1 / at }, { step: at });
    });
    const run = await pipeline(`outage-${status}`, () => void train()).run();
    expect(run.status).toBe('completed');
    const told = async () => (await client.trackerStatus('faulty')).items[0]!;
    const { lastError, trackerRuns, events } = await told();
    expect(trackerRuns).toBe(2);
    // The answer to the first may have been among those that were refused.
    expect([199, 200]).toContain(events);
    expect(lastError).toContain(why);
    expect(lastError).toContain(advice);
    expect(lastError).not.toMatch(/\n|a-key/);
    proxy.clear();
    expect(await client.deliver()).toEqual([expect.objectContaining({ delivered: 2, left: 0 })]);
    expect(await told()).toMatchObject({ trackerRuns: 0, events: 0, lastError: null, setAside: [] });
    const { points, isAlive, hasCrashed } = recorder.experiment(textOf(run.steps['train']!.runMetadata['comet_experiment_key']!.value));
    expect(points.map(({ step: at }) => at)).toEqual(Array.from({ length: 200 }, (_, at) => at));
    expect({ isAlive, hasCrashed }).toEqual({ isAlive: false, hasCrashed: false });
  },
);

test.each(['online', 'offline'])(
  '%s: of an event that has a part which Comet does not take the rest is there once, and as it was said last, however often it is sent again',
  async (stack) => {
    await using client = new Client();
    await client.setActiveStack(stack);
    const long = 'n'.repeat(101);
    const train = step('train', { experimentTracker: true, cache: false }, () => {
      const run = activeRun();
      run.logMetrics({ [long]: 1, loss: 1 }, { step: 0 });
      run.logParams({ [long]: 1, width: 1 });
      run.logParams({ width: 2 });
      run.setTags({ Name: 'mine', stage: 'early' });
      run.setTags({ stage: 'late' });
    });
    const run = await pipeline(`again-${stack}`, () => void train()).run();
    const setAside = async () => (await client.trackerStatus(stack)).items[0]!.setAside.length;
    expect(await setAside()).toBe(3);
    for (let times = 0; times < 2; times++) await client.retrySetAside({ component: stack });
    expect(await setAside()).toBe(3);
    const key = textOf(run.steps['train']!.runMetadata['comet_experiment_key']!.value);
    const { points, params, others } =
      stack === 'online' ? recorder.experiment(key) : (await offlineExperiment(join(root, 'archives'), key))!;
    expect(points.map(({ metricName }) => metricName)).toEqual(['loss']);
    expect([params.get('width'), others.get('stage')]).toEqual([2, 'late']);
    await client.dropUndelivered({ component: stack });
  },
);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}
