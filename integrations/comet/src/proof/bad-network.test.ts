import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isError, Transient, type LoggedEvent, type TrackerEvent, type TrackerRun, type TrackerRunRef } from '@mortise/core';
import { startFaultyProxy, type Fault, type FaultScope, type FaultyProxy } from '@mortise/test-servers';

import type { CometRun } from '../comet-run.ts';
import { startCometRecorder, type CometRecorder } from '../testing/comet-recorder.ts';
import { never } from '../testing/play.ts';
import { trackerIn } from '../testing/tracker-in.ts';

const API_KEY = 'a-key-that-nobody-is-to-see';
const KEY = '0123456789abcdef0123456789abcdef';
const POINTS = 250;
/** As core, which tries again for as long as it takes. */
const MOST_TRIES = 12;

let recorder: CometRecorder;
let proxy: FaultyProxy;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-comet-'));
  recorder = await startCometRecorder({ apiKey: API_KEY });
  proxy = await startFaultyProxy(recorder.url);
});
afterEach(async () => {
  await proxy.stop();
  await recorder.stop();
  rmSync(folder, { recursive: true, force: true });
});

const html = { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>welcome to this hotel</html>' } as const;
const limited = {
  kind: 'answer',
  status: 429,
  headers: { 'retry-after': '1', 'content-type': 'application/json' },
  body: '{"msg":"slow down"}',
} as const;
const broken = { kind: 'answer', status: 500, headers: { 'content-type': 'application/json' }, body: '{"msg":"oh"}' } as const;
const denied = { kind: 'answer', status: 401, headers: { 'content-type': 'application/json' }, body: '{"msg":"no such key"}' } as const;

const MATRIX: [what: string, fault: Fault, times: number][] = [
  ['refused', { kind: 'reset' }, 3],
  ['a black hole', { kind: 'black-hole' }, 1],
  ['a reset in the middle of a body', { kind: 'cut-upload', afterBytes: 200 }, 2],
  ['a lost answer', { kind: 'lose-answer' }, 1],
  ['a lost answer, and no end of the connection', { kind: 'lose-answer', silently: true }, 1],
  ['an answer that breaks off', { kind: 'cut-download', afterBytes: 3 }, 2],
  ['500 three times', broken, 3],
  ['429 with Retry-After', limited, 1],
  ['slow', { kind: 'delay', ms: 150 }, 4],
  ['nonsense', html, 2],
];

/** What is under way when it happens. */
const PLACES: [what: string, scope: FaultScope][] = [
  ['points', { path: 'batch/logger/experiment/metric', skip: 1 }],
  ['lines of output', { path: 'write/experiment/output' }],
  ['anything', {}],
];

describe.each(PLACES)('the network fails at %s:', (_place, scope) => {
  test.each(MATRIX)('%s: all is there, and nothing twice', async (what, fault, times) => {
    const run = await tried(() => opened({ timeoutMs: patienceWith(what) }));
    const injected = proxy.inject(fault, { ...scope, times });
    await deliverAll(run);
    await tried(() => run.close({ status: 'failed', error: { name: 'Error', message: 'no wine' } }, 5_000, never));
    assertWhole();
    expect(injected.hits).toBeGreaterThan(0);
    const { isAlive, hasCrashed, error, endedAt } = recorder.experiment(KEY);
    expect({ isAlive, hasCrashed, error, endedAt }).toEqual({ isAlive: false, hasCrashed: true, error: 'Error: no wine', endedAt: 5_000 });
  });
});

const PASSING = MATRIX.filter(([what]) => what !== 'nonsense');
test.each(PASSING)('a start that meets it is one experiment: %s', async (what, fault, times) => {
  proxy.inject(fault, { times });
  const run = await tried(() => opened({ timeoutMs: patienceWith(what) }));
  await deliverAll(run);
  assertWhole();
  expect(recorder.experiments.size).toBe(1);
});

test('nonsense at the start is told as what it may be: another address than that of a Comet server', async () => {
  proxy.inject(html);
  await expect(opened()).rejects.toMatchObject({
    code: 'PERMANENT',
    message: expect.stringMatching(/not Comet's\. .*: check urlOverride/),
  });
});

describe('a process that died after a batch arrived, and before that was noted,', () => {
  test.each(['with what was noted before', 'with nothing'] as const)('%s: the next one sends none of it twice', async (knows) => {
    const first = await opened();
    const noted = JSON.parse(JSON.stringify(first.ref)) as TrackerRunRef;
    await deliverAll(first);
    await deliverAll(await opened({ known: knows === 'with nothing' ? undefined : noted }));
    assertWhole();
  });
});

test('401 in the middle of a run is told with what to do, keeps what there is, and the run goes on with a key that is right', async () => {
  const run = await opened();
  await run.deliver(EVENTS.slice(0, 20), never);
  const fault = proxy.inject(denied);
  await expect(run.deliver(EVENTS.slice(20), never)).rejects.toMatchObject({
    code: 'PERMANENT',
    message: expect.stringMatching(/does not know the API key; .* no such key \(401\): check apiKey, or COMET_API_KEY$/),
  });
  fault.remove();
  await deliverAll(run);
  assertWhole();
});

test('429 is told with how long to wait', async () => {
  const run = await opened();
  proxy.inject({ ...limited, headers: { ...limited.headers, 'retry-after': '7' } }, { times: 1 });
  const failure = await run.deliver(EVENTS, never).catch((error: unknown) => error);
  expect(isError(failure, Transient) && failure.retryAfter).toBe(7_000);
});

test('a server that takes no batches is given single points and parameters', async () => {
  await recorder.stop();
  recorder = await startCometRecorder({ apiKey: API_KEY, lacks: /batch\/logger/ });
  await proxy.stop();
  proxy = await startFaultyProxy(recorder.url);
  await deliverAll(await opened());
  assertWhole();
});

test('a redirect is not followed, and what is said of it has no key in it', async () => {
  const run = await opened();
  const there = { location: `http://elsewhere.test/x?key=${API_KEY}` };
  proxy.inject({ kind: 'answer', status: 302, headers: there });
  const failure = (await run.deliver(EVENTS, never).catch((error: unknown) => error)) as Error;
  expect(failure.message).toContain('redirect to http://elsewhere.test/x, which is not followed');
});

test('the key is in no address, no message and no ref, whatever the server repeats', async () => {
  const run = await opened();
  proxy.inject({
    kind: 'answer',
    status: 400,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ msg: `bad ${API_KEY}` }),
  });
  const failure = (await run.deliver(EVENTS, never).catch((error: unknown) => error)) as Error;
  expect(failure.message).toContain('bad ***');
  proxy.clear();
  await deliverAll(run);
  expect(JSON.stringify([failure.message, failure.stack, run.ref])).not.toContain(API_KEY);
  for (const { path, headers } of proxy.requests) {
    expect(path).not.toContain(API_KEY);
    expect({ ...headers, authorization: '' }).not.toMatchObject({ authorization: API_KEY });
  }
});

const LOGGED: LoggedEvent[] = [
  { kind: 'params', values: { lr: 0.1, model: { width: 8 } } },
  ...Array.from({ length: 10 }, (_, at): LoggedEvent => ({ kind: 'log', stream: 'out', text: `line ${at}` })),
  ...Array.from({ length: POINTS }, (_, step): LoggedEvent => ({ kind: 'metrics', values: { loss: step / 8, same: 1 }, step })),
];
const EVENTS: TrackerEvent[] = LOGGED.map((event, index) => ({ writer: 'w', seq: index + 1, at: 1_000 + index, ...event }));

/** ms. What is silent is given up soon; else only a machine that stands still would be. */
function patienceWith(what: string): number {
  return what === 'a black hole' || what.endsWith('no end of the connection') ? 500 : 30_000;
}

async function opened({ known, timeoutMs = 30_000 }: { known?: TrackerRunRef | undefined; timeoutMs?: number } = {}): Promise<
  TrackerRun<CometRun>
> {
  const tracker = await trackerIn(folder, { apiKey: API_KEY, urlOverride: proxy.url, mode: 'online', timeoutMs });
  const identity = { key: KEY, runId: 'run-1', stepId: 'train', attempt: 1 };
  return tracker.open(identity, { name: 'train', experiment: 'demo', group: 'g', tags: {}, startedAt: 1, settings: {} }, known, never);
}

/** In batches, as core does: what fails comes again, as long as it may pass. */
async function deliverAll(run: TrackerRun): Promise<void> {
  for (let rest = EVENTS; rest.length > 0;) {
    const { through } = await tried(() => run.deliver(rest.slice(0, 60), never));
    rest = rest.filter(({ seq }) => seq > through['w']!);
  }
}

async function tried<T>(call: () => Promise<T>): Promise<T> {
  for (let left = MOST_TRIES; ; left--) {
    try {
      return await call();
    } catch (error) {
      if (!isError(error, Transient) || left === 0) throw error;
    }
  }
}

/** Every line and every point is there, once. */
function assertWhole(): void {
  const { points, lines, params } = recorder.experiment(KEY);
  const told = points.map(({ metricName, step, metricValue }) => `${metricName} ${step} ${metricValue}`);
  expect(told.sort()).toEqual(
    Array.from({ length: POINTS }, (_, step) => [`loss ${step} ${step / 8}`, `same ${step} 1`])
      .flat()
      .sort(),
  );
  expect(lines.map(({ output, offset }) => `${offset} ${output}`)).toEqual(Array.from({ length: 10 }, (_, at) => `${at} line ${at}\n`));
  expect(Object.fromEntries(params)).toEqual({ lr: 0.1, 'model|width': 8 });
}
