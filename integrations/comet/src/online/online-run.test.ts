import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ArtifactNotFound, type ExperimentTracker, type LoggedEvent, type TrackerEvent, type TrackerRunStart } from '@mortise/core';
import { Heartbeat } from '@mortise/http-client';
import { startFaultyProxy, type FaultyProxy } from '@mortise/test-servers';

import type { CometRun } from '../comet-run.ts';
import { startCometRecorder, type CometRecorder } from '../testing/comet-recorder.ts';
import { never } from '../testing/play.ts';
import { trackerIn } from '../testing/tracker-in.ts';

const KEY = '0123456789abcdef0123456789abcdef';
const START: TrackerRunStart = { name: 'train', experiment: 'wine', group: 'wine-7', tags: {}, startedAt: 1_000, settings: {} };
const IDENTITY = { key: KEY, runId: 'run-1', stepId: 'train', attempt: 1 };

let recorder: CometRecorder;
let proxy: FaultyProxy;
let root: string;
let tracker: ExperimentTracker;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'mortise-comet-'));
  recorder = await startCometRecorder();
  proxy = await startFaultyProxy(recorder.url);
  tracker = await trackerIn(root, { apiKey: 'a-key', urlOverride: proxy.url, workspace: 'acme', projectName: 'configured' });
});
afterEach(async () => {
  await tracker[Symbol.asyncDispose]?.();
  await proxy.stop();
  await recorder.stop();
  rmSync(root, { recursive: true, force: true });
});

const open = (over: Partial<TrackerRunStart> = {}) => tracker.open(IDENTITY, { ...START, ...over }, undefined, never);
const eventsOf = (logged: readonly LoggedEvent[]): TrackerEvent[] =>
  logged.map((event, index) => ({ writer: 'w', seq: index + 1, at: 5_000 + index, ...event }));
const routes = (): string[] => proxy.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '').split('/').at(-1)}`);

test('an experiment is where the server says, and can be found by its run, its pipeline and its group', async () => {
  const tags = { 'mortise.run': 'wine-7', 'mortise.pipeline': 'wine', 'mortise.run_id': 'run-1', team: 'red' };
  const { ref } = await open({ tags, settings: { labels: ['nightly'] } });
  expect(ref).toMatchObject({ id: KEY, url: `${recorder.url}/acme/configured/${KEY}` });
  const { tags: labels, others, startedAt, workspace, project } = recorder.experiment(KEY);
  expect({ labels: [...labels], startedAt, workspace, project }).toEqual({
    ...{ labels: ['wine-7', 'wine', 'nightly'], startedAt: 1_000, workspace: 'acme', project: 'configured' },
  });
  expect(Object.fromEntries(others)).toMatchObject({ Name: 'train', 'mortise.run_id': 'run-1', 'mortise.key': KEY, team: 'red' });
});

test("its project is the setting's, else the one that the run names, else the config's; its name and workspace can be set", async () => {
  await open({ experiment: 'named', tags: { 'mortise.pipeline': 'wine' }, settings: { experimentName: 'mine', workspace: 'other' } });
  const { project, workspace, others } = recorder.experiment(KEY);
  expect({ project, workspace, name: others.get('Name') }).toEqual({ project: 'named', workspace: 'other', name: 'mine' });
  await tracker.open({ ...IDENTITY, key: 'f'.repeat(32) }, { ...START, settings: { projectName: 'set' } }, undefined, never);
  expect(recorder.experiment('f'.repeat(32)).project).toBe('set');
});

const opens = () =>
  recorder.requests
    .filter(({ path }) => path.endsWith('add/run'))
    .map(({ json }) => (json() as { apiKey?: string }).apiKey ?? 'in the header');

test('the API key is in no body; a server that wants it there to open experiments, as from Comet’s own client, is asked so once more', async () => {
  await open();
  expect(opens()).toEqual(['in the header']);
  for (const [status, then] of [
    [400, ['a-key']],
    [401, ['a-key']],
    [500, ['in the header', 'a-key']],
  ] as const) {
    await recorder.stop();
    recorder = await startCometRecorder({ wantsKeyInBody: status });
    tracker = await trackerIn(root, { apiKey: 'a-key', urlOverride: recorder.url });
    expect((await open()).ref.url).toContain(KEY);
    expect(opens()).toEqual(['in the header', 'a-key']);
    recorder.forget();
    await open();
    expect(opens()).toEqual(then);
  }
});

test('an API key that is not known is told as such', async () => {
  await recorder.stop();
  recorder = await startCometRecorder({ apiKey: 'another' });
  tracker = await trackerIn(root, { apiKey: 'a-key', urlOverride: recorder.url });
  await expect(open()).rejects.toThrow(/does not know the API key; .*\(401\): check apiKey/);
  expect(opens()).toEqual(['in the header', 'a-key']);
});

test('1,000 points are one request, of a run that is known to be new to them', async () => {
  const run = await open();
  const curve = (from: number) =>
    Array.from({ length: 1_000 }, (_, at): LoggedEvent => ({ kind: 'metrics', values: { loss: 1 }, step: from + at }));
  const events = eventsOf([...curve(0), ...curve(1_000)]);
  await run.deliver(events.slice(0, 1_000), never);
  proxy.forget();
  await run.deliver(events.slice(1_000), never);
  expect(routes()).toEqual(['POST metric']);
  expect(recorder.experiment(KEY).points).toHaveLength(2_000);
});

test('points of a curve that Comet thins out are not sent twice after an answer that was lost', async () => {
  tracker = await trackerIn(root, { apiKey: 'a-key', urlOverride: proxy.url, metricsPerMinute: 0 });
  const run = await open();
  const events = eventsOf(Array.from({ length: 30_500 }, (_, at): LoggedEvent => ({ kind: 'metrics', values: { loss: 1 }, step: at })));
  await run.deliver(events.slice(0, 30_000), never);
  proxy.inject({ kind: 'lose-answer' }, { path: 'batch/logger/experiment/metric', times: 1 });
  await expect(run.deliver(events.slice(30_000), never)).rejects.toMatchObject({ code: 'TRANSIENT' });
  await run.deliver(events.slice(30_000), never);
  expect(recorder.experiment(KEY).points).toHaveLength(30_500);
});

describe('points of one step and one millisecond are all there', () => {
  const events = eventsOf([1, 2, 3, 4, 5, 6].map((loss): LoggedEvent => ({ kind: 'metrics', values: { loss }, step: 7 }))).map((event) => ({
    ...event,
    at: 5_000,
  }));
  const values = () => recorder.experiment(KEY).points.map(({ metricValue }) => metricValue);

  test.each(['reset', 'lose-answer'] as const)('when some of them meet a fault of the network: %s', async (kind) => {
    const run = await open();
    await run.deliver(events.slice(0, 3), never);
    proxy.inject({ kind }, { path: 'batch/logger/experiment/metric', times: 1 });
    await expect(run.deliver(events.slice(3), never)).rejects.toMatchObject({ code: 'TRANSIENT' });
    await run.deliver(events.slice(3), never);
    expect(values()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('when another process sends the rest', async () => {
    const run = await open();
    const { ref } = await run.deliver(events.slice(0, 3), never);
    await run.deliver(events.slice(3, 5), never);
    // Of the second answer nothing was noted.
    const next = await tracker.open(IDENTITY, START, JSON.parse(JSON.stringify(ref)) as typeof ref, never);
    await next.deliver(events.slice(3), never);
    expect(values()).toHaveLength(6);
  });
});

test('where the limit of a minute is reached, what fits is sent and confirmed, and the rest is left for the next call', async () => {
  tracker = await trackerIn(root, { apiKey: 'a-key', urlOverride: proxy.url, metricsPerMinute: 1_200 });
  const run = await open();
  const events = eventsOf(Array.from({ length: 1_500 }, (_, at): LoggedEvent => ({ kind: 'metrics', values: { loss: 1 }, step: at })));
  expect((await run.deliver(events, never)).through).toEqual({ w: 1_200 });
  expect(recorder.experiment(KEY).points).toHaveLength(1_200);
  await expect(run.deliver(events.slice(1_200), AbortSignal.timeout(50))).rejects.toBeDefined();
  expect(recorder.experiment(KEY).points).toHaveLength(1_200);
});

const FEW: [what: string, logged: (at: number) => LoggedEvent][] = [
  ['points', (at) => ({ kind: 'metrics', values: { loss: 1 }, step: at })],
  ['lines', (at) => ({ kind: 'log', stream: 'out', text: `line ${at}` })],
];
test.each(FEW)('where a server takes few %s in a minute, no call waits for more of them than come back in 10 s', async (_what, logged) => {
  tracker = await trackerIn(root, { apiKey: 'a-key', urlOverride: proxy.url, metricsPerMinute: 60 });
  const run = await open();
  const events = eventsOf(Array.from({ length: 400 }, (_, at) => logged(at)));
  // It stands still, so that a slow machine has no more of them back.
  const now = performance.now();
  const clock = jest.spyOn(performance, 'now').mockReturnValue(now);
  try {
    expect((await run.deliver(events, never)).through).toEqual({ w: 60 });
    clock.mockReturnValue(now + 9_000);
    expect((await run.deliver(events.slice(60), AbortSignal.timeout(8_000))).through).toEqual({ w: 70 });
  } finally {
    clock.mockRestore();
  }
});

test('tags that would forge what Mortise says, or rename the run, are refused with a reason', async () => {
  const run = await open();
  const { rejected } = await run.deliver(eventsOf([{ kind: 'tags', set: { 'mortise.key': 'x', Name: 'y', ok: 'z' } }]), never);
  expect(rejected).toEqual([
    { writer: 'w', seq: 1, why: expect.stringMatching(/^the tag "mortise\.key" cannot be set: .*; the tag "Name" cannot be set: /) },
  ]);
  expect(recorder.experiment(KEY).others.get('ok')).toBe('z');
});

describe('a file', () => {
  const artifact: LoggedEvent = { kind: 'artifact', path: 'models/w.bin', uri: 'file:///w', sha256: 'x', size: 3_000_000 };
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < 30; at++) yield Buffer.alloc(100_000, at);
  }

  test('is streamed, with its length told', async () => {
    const run = await open({ readArtifact: bytes });
    await run.deliver(eventsOf([artifact]), never);
    const [{ fileName, bytes: held } = { fileName: '', bytes: Buffer.alloc(0) }] = recorder.experiment(KEY).assets;
    expect({ fileName, size: held.length, last: held.at(-1) }).toEqual({ fileName: 'models/w.bin', size: 3_000_000, last: 29 });
    expect(Number(proxy.requests.at(-1)!.headers['content-length'])).toBeGreaterThan(3_000_000);
  });

  test('whose upload breaks off is uploaded again, alone: what came before it is confirmed', async () => {
    const run = await open({ readArtifact: bytes });
    proxy.inject({ kind: 'cut-upload', afterBytes: 500_000 }, { path: 'upload-asset', times: 1 });
    const events = eventsOf([
      { kind: 'metrics', values: { loss: 1 }, step: 1 },
      artifact,
      { kind: 'metrics', values: { loss: 2 }, step: 2 },
    ]);
    expect((await run.deliver(events, never)).through).toEqual({ w: 1 });
    expect((await run.deliver(events.slice(1), never)).through).toEqual({ w: 3 });
    const { assets, points } = recorder.experiment(KEY);
    expect({ files: assets.length, steps: points.map(({ step }) => step) }).toEqual({ files: 1, steps: [1, 2] });
  });

  test('of another size than was said is refused, and keeps nothing else from arriving', async () => {
    const run = await open({ readArtifact: bytes });
    const events = eventsOf([
      { ...artifact, size: 10 },
      { kind: 'metrics', values: { loss: 1 }, step: 1 },
    ]);
    const { rejected } = await run.deliver(events, never);
    expect(rejected).toEqual([
      { writer: 'w', seq: 1, why: expect.stringMatching(/^"models\/w\.bin" was not uploaded: the file has another size/) },
    ]);
    expect(recorder.experiment(KEY)).toMatchObject({ assets: [], points: [{ metricValue: 1 }] });
  });
});

test('a run whose pipeline goes on after its end is running again, and its end is told anew', async () => {
  const failed = { status: 'failed', error: { name: 'Error', message: 'no wine' } } as const;
  await (await open()).close(failed, 5_000, never);
  const again = await open({ resumed: true });
  expect(recorder.experiment(KEY)).toMatchObject({ isAlive: true, hasCrashed: false, error: null });
  await again.close({ status: 'completed' }, 9_000, never);
  expect(recorder.experiment(KEY)).toMatchObject({ isAlive: false, hasCrashed: false, error: null, endedAt: 9_000 });
});

test('an experiment that Comet has no more is not made anew in silence, with a hole: that it is gone is told, with what to do', async () => {
  const run = await open();
  const { ref } = await run.deliver(eventsOf([{ kind: 'metrics', values: { loss: 1 }, step: 1 }]), never);
  (recorder.experiments as Map<string, unknown>).delete(KEY);
  await expect(tracker.open(IDENTITY, START, ref, never)).rejects.toMatchObject({
    code: 'PERMANENT',
    message: expect.stringMatching(new RegExp(`has no experiment ${KEY} any more.*mortise tracker drop`)),
  });
  expect(recorder.experiments.size).toBe(0);
});

test('a program that a step starts is told the experiment, and how to reach it', async () => {
  const { ref } = await open();
  expect(tracker.childEnv!(ref)).toEqual({
    ...{ COMET_API_KEY: 'a-key', COMET_URL_OVERRIDE: `${proxy.url}/clientlib/`, COMET_EXPERIMENT_KEY: KEY },
    ...{ COMET_START_ONLINE: 'true', COMET_START_MODE: 'get', COMET_WORKSPACE: 'acme', COMET_PROJECT_NAME: 'wine' },
  });
});

test('the native handle calls Comet itself, also for what Mortise has no words for', async () => {
  const { experimentKey, client } = (await open()).native as CometRun;
  await client!.setGraph(experimentKey, '{"layers":[]}', never);
  await client!.logMetrics(experimentKey, [{ name: 'own', value: 1, step: 0, timestamp: 5 }], never);
  expect(recorder.experiment(KEY)).toMatchObject({ graph: '{"layers":[]}', points: [{ metricName: 'own' }] });
});

test('a heartbeat says that an experiment goes on, until its end', async () => {
  const { client } = (await open()).native as CometRun;
  const beats = () => proxy.count({ path: 'write/experiment/set-status' });
  let sent = 0;
  const heartbeat = new Heartbeat((signal) => {
    sent += 1;
    return client!.beat(KEY, signal);
  }, 5);
  while (beats() < 2) await sleep(5);
  heartbeat.end();
  const after = sent;
  await sleep(50);
  expect(sent).toBe(after);
});

test('a heartbeat that is under way when an experiment ends arrives before its end, and none comes after', async () => {
  jest.useFakeTimers({ doNotFake: ['setTimeout', 'setImmediate', 'queueMicrotask', 'nextTick', 'performance', 'Date'] });
  try {
    const run = await open();
    recorder.forget();
    proxy.inject({ kind: 'delay', ms: 300 }, { path: 'write/experiment/set-status' });
    proxy.inject({ kind: 'delay', ms: 600 }, { path: 'write/experiment/set-start-end-time' });
    jest.advanceTimersByTime(10_000);
    await run.close({ status: 'completed' }, 9_000, never);
    jest.advanceTimersByTime(60_000);
    await sleep(350);
    const told = recorder.requests.map(({ path }) => path.replace(/\?.*/, '').split('/').at(-1));
    expect(told.filter((route) => route === 'set-status' || route === 'update-status')).toEqual(['set-status', 'update-status']);
  } finally {
    jest.useRealTimers();
  }
});

test('without a key it is told what to do', async () => {
  await expect(trackerIn(root, { mode: 'online' })).rejects.toMatchObject({
    code: 'PERMANENT',
    message: expect.stringContaining('COMET_API_KEY'),
  });
});

test('what was set aside is taken when it is sent again, though what came after it had arrived; what there is of it is there once', async () => {
  let isThere = false;
  const readArtifact = async function* (): AsyncGenerator<Uint8Array> {
    if (!isThere) throw new ArtifactNotFound({ what: 'w.bin', where: 'the artifact store' });
    yield await Promise.resolve(Buffer.from('12345'));
  };
  const events = eventsOf([
    { kind: 'artifact', path: 'w.bin', uri: 'file:///w', sha256: 'x', size: 5 },
    { kind: 'metrics', values: { ['n'.repeat(101)]: 1, loss: 1 }, step: 1 },
    { kind: 'metrics', values: { loss: 2 }, step: 2 },
  ]);
  const run = await open({ readArtifact });
  expect((await run.deliver(events, never)).rejected).toHaveLength(2);
  const known = await run.close({ status: 'completed' }, 9_000, never);
  isThere = true;
  const again = await tracker.open(IDENTITY, { ...START, readArtifact, again: true }, known, never);
  const { rejected, ref } = await again.deliver(events.slice(0, 2), never);
  expect([rejected?.map(({ seq }) => seq), (ref.state as { points: object }).points]).toEqual([[2], { w: 3 }]);
  const { assets, points } = recorder.experiment(KEY);
  expect([assets.map(({ fileName }) => fileName), points.map(({ step }) => step)]).toEqual([['w.bin'], [1, 2]]);
});

test('what was set aside, and was sent again by a process that ended before that was noted, is there once', async () => {
  const events = eventsOf([
    { kind: 'metrics', values: { loss: 1 }, step: 1 },
    { kind: 'log', stream: 'out', text: 'one' },
    { kind: 'metrics', values: { loss: 2 }, step: 2 },
    { kind: 'log', stream: 'out', text: 'two' },
  ]);
  const run = await open();
  await run.deliver(events.slice(2), never);
  const known = JSON.parse(JSON.stringify(await run.close({ status: 'completed' }, 9_000, never))) as typeof run.ref;
  for (let times = 0; times < 2; times++) {
    const again = await tracker.open(IDENTITY, { ...START, again: true }, known, never);
    await again.deliver(events.slice(0, 2), never);
  }
  const { points, lines } = recorder.experiment(KEY);
  expect([points.map(({ step }) => step).sort(), lines.map(({ output }) => output)]).toEqual([
    [1, 2],
    ['two\n', 'one\n'],
  ]);
});

test.each([3, 5, 8])(
  'lines that a process had sent when it died are there once, when the next one comes with more: %i of 8',
  async (sent) => {
    // What another program printed into it lies between.
    const lines = eventsOf(['a', 'b', 'b', 'c', 'b', 'd', 'e', 'e'].map((text): LoggedEvent => ({ kind: 'log', stream: 'out', text })));
    const first = await open();
    const { ref } = await first.deliver(lines.slice(0, 2), never);
    await (first.native as CometRun).client!.logOutput(KEY, [{ text: 'other\n', stderr: false, timestamp: 5, offset: 99 }], never);
    await first.deliver(lines.slice(2, sent), never);
    const next = await tracker.open(IDENTITY, START, JSON.parse(JSON.stringify(ref)) as typeof ref, never);
    expect((await next.deliver(lines.slice(2), never)).through).toEqual({ w: 8 });
    expect(
      recorder
        .experiment(KEY)
        .lines.map(({ output }) => output.trim())
        .filter((text) => text !== 'other')
        .join(''),
    ).toBe('abbcbdee');
  },
);

describe('many tags at once', () => {
  const tags = (count: number): LoggedEvent => ({
    kind: 'tags',
    set: Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, `v${at}`])),
  });

  test('go on where the server asked to wait: what it has of them is not sent again', async () => {
    const run = await open();
    proxy.forget();
    const busy = proxy.inject({ kind: 'answer', status: 429, headers: { 'retry-after': '1' } }, { path: 'log-other', skip: 20 });
    await expect(run.deliver(eventsOf([tags(40)]), never)).rejects.toMatchObject({ code: 'TRANSIENT', retryAfter: 1_000 });
    busy.remove();
    proxy.forget();
    await run.deliver(eventsOf([tags(40)]), never);
    expect(proxy.count({ path: 'log-other' })).toBe(20);
    expect([...recorder.experiment(KEY).others.keys()].filter((name) => /^t\d+$/.test(name))).toHaveLength(40);
  });

  test("keep to Comet's limit of a minute, which is two thirds of that of points; so do params and lines of output", async () => {
    const begun = performance.now();
    tracker = await trackerIn(root, { apiKey: 'a-key', urlOverride: proxy.url, metricsPerMinute: 90 });
    const run = await open();
    const sent = () => recorder.experiment(KEY).others.size;
    const giving = new AbortController();
    const delivered = expect(run.deliver(eventsOf([tags(200)]), giving.signal)).rejects.toBeDefined();
    while (sent() <= 50) await sleep(5);
    await sleep(500);
    giving.abort();
    await delivered;
    // A minute's worth, and one for each second since.
    expect(sent()).toBeLessThan(65 + (performance.now() - begun) / 1_000);
    const params: LoggedEvent = { kind: 'params', values: Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`p${at}`, at])) };
    await run.deliver(eventsOf([params]), never);
    await expect(run.deliver(eventsOf([params, params]).slice(1), AbortSignal.timeout(200))).rejects.toBeDefined();
  });
});
