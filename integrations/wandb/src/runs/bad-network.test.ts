import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isError, Permanent, Transient, type LoggedEvent, type TrackerEvent, type TrackerRun, type TrackerRunRef } from '@mortise/core';
import { startFaultyProxy, type Fault, type FaultScope, type FaultyProxy } from '@mortise/test-servers';
import { startWandbRecorder, type WandbRecorder } from '@mortise/wandb-client/testing';

import type { WandbTracker } from '../experiment-tracker/wandb-tracker.ts';
import { rowOf } from '../testing/read-run.ts';
import { artifactEvent } from '../testing/scenarios.ts';
import { curve, eventsOf, KEY, never, newIdentity, newStart, trackerWith } from '../testing/tracker-at.ts';

const POINTS = 900;
const EVENTS = eventsOf([
  { kind: 'params', values: { lr: 0.1 } },
  ...curve('loss', POINTS),
  { kind: 'log', stream: 'out', text: 'one line' },
]);

let recorder: WandbRecorder;
let proxy: FaultyProxy;
beforeEach(async () => {
  recorder = await startWandbRecorder();
  proxy = await startFaultyProxy(recorder.url);
});
afterEach(async () => {
  await proxy.stop();
  await recorder.stop();
});

const trackerBehind = (timeoutMs = 30_000): Promise<WandbTracker> =>
  trackerWith({ mode: 'online', baseUrl: proxy.url, apiKey: KEY, project: 'wine', timeoutMs });

/** Failures that a call met before it succeeded. Tries again as core does, only sooner. */
async function persist<T>(failures: Error[], call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      failures.push(error as Error);
      if (!isError(error, Transient) || failures.length > 20) throw error;
      await sleep(5);
    }
  }
}

async function deliverAll(run: TrackerRun, events: readonly TrackerEvent[], failures: Error[], size = 300): Promise<void> {
  for (let at = 0; at < events.length; at += size) await persist(failures, () => run.deliver(events.slice(at, at + size), never));
}

function assertWhole(id: string): void {
  const { streams, overwritten, complete, exitCode, config } = recorder.run(id)!;
  const steps = (streams['wandb-history.jsonl'] ?? []).map((line) => rowOf(line)['_step']);
  expect(steps).toEqual(Array.from({ length: POINTS }, (_, step) => step));
  expect(streams['output.log']).toHaveLength(1);
  expect({ overwritten, complete, exitCode, lr: config['lr']?.value }).toEqual({ overwritten: 0, complete: true, exitCode: 0, lr: 0.1 });
}

const stored = (ref: TrackerRunRef): TrackerRunRef => JSON.parse(JSON.stringify(ref)) as TrackerRunRef;

const HTML = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Please log in</html>' };

/** What passes, and how often it comes. */
const PASSING: [string, Fault, number][] = [
  ['a reset', { kind: 'reset' }, 2],
  ['a black hole', { kind: 'black-hole' }, 2],
  ['a reset in the middle of a body', { kind: 'cut-upload', afterBytes: 200 }, 2],
  ['a lost answer', { kind: 'lose-answer' }, 2],
  ['an answer that is lost in silence', { kind: 'lose-answer', silently: true }, 2],
  ['an answer that breaks off', { kind: 'cut-download', afterBytes: 5 }, 2],
  ['three times 500', { kind: 'answer', status: 500, body: 'oh no' }, 3],
  ['three times 502 with a page', { kind: 'answer', status: 502, body: '<html>Bad gateway</html>' }, 3],
  ['429', { kind: 'answer', status: 429, headers: { 'retry-after': '7' }, body: '{"error":"rate limit exceeded"}' }, 2],
  ['a slow server', { kind: 'delay', ms: 60 }, 3],
];

const CALLS: [string, FaultScope][] = [
  ['the API', { path: '/graphql' }],
  ['the stream of rows', { path: '/file_stream' }],
];

describe('no row is lost and none is there twice', () => {
  describe.each(CALLS)('at %s', (_call, scope) => {
    test.each(PASSING)('with %s', async (_name, fault, times) => {
      const failures: Error[] = [];
      const identity = newIdentity();
      const start = newStart();
      const isSilent = fault.kind === 'black-hole' || (fault.kind === 'lose-answer' && fault.silently === true);
      // The first call, and others later on.
      for (let skip = 0; skip < (isSilent ? 2 : 4); skip++) proxy.inject(fault, { ...scope, skip: skip * 2, times: isSilent ? 1 : times });
      const tracker = await trackerBehind(isSilent ? 400 : undefined);
      const run = await persist(failures, () => tracker.open(identity, start, undefined, never));
      await deliverAll(run, EVENTS, failures);
      await persist(failures, () => run.close({ status: 'completed' }, Date.now(), never));
      assertWhole(identity.key);
      expect(recorder.runs).toHaveLength(1);
      if (fault.kind !== 'delay') expect(failures.length).toBeGreaterThanOrEqual(isSilent ? 2 : times);
      expect(failures.filter((error) => !isError(error, Transient))).toEqual([]);
      expect(failures.filter(({ message }) => message.includes(KEY) || message.includes('<'))).toEqual([]);
    });

    test.each<[string, Fault, RegExp]>([
      ['401', { kind: 'answer', status: 401, body: '{"error":"invalid key"}' }, /API key.*check apiKey/],
      ['403', { kind: 'answer', status: 403, body: '{"error":"not yours"}' }, /not yours.*check entity/],
      ['400', { kind: 'answer', status: 400, body: '{"error":"malformed"}' }, /refused .*malformed/],
      ['a login page', { kind: 'answer', ...HTML }, /something else than JSON.*check baseUrl/],
      [
        'a redirect',
        { kind: 'answer', status: 302, headers: { location: 'http://127.0.0.1:9/evil?x=1' } },
        /redirect to http:\/\/127\.0\.0\.1:9\/evil, which is not followed/,
      ],
    ])('with %s in the middle, which ends the attempt: another process brings the rest', async (_name, fault, says) => {
      const failures: Error[] = [];
      const identity = newIdentity();
      const start = newStart();
      const run = await (await trackerBehind()).open(identity, start, undefined, never);
      const { ref } = await run.deliver(EVENTS.slice(0, 400), never);
      const injected = proxy.inject(fault, scope);
      // Rows, and what goes by the API.
      const rest = [...EVENTS.slice(400), ...eventsOf([{ kind: 'note', markdown: 'late' }], EVENTS.length + 1)];
      const error: unknown = await run.deliver(rest, never).catch((failure: unknown) => failure);
      expect(isError(error, Permanent)).toBe(true);
      expect((error as Error).message).toMatch(says);
      injected.remove();
      const again = await (await trackerBehind()).open(identity, start, stored(ref), never);
      await deliverAll(again, rest, failures, 77);
      await again.close({ status: 'completed' }, Date.now(), never);
      assertWhole(identity.key);
      expect(recorder.run(identity.key)!.notes).toBe('late');
    });
  });

  test('with an answer that was lost before the process died: another one, which knows only the ref before, sends other batches', async () => {
    const identity = newIdentity();
    const start = newStart();
    const run = await (await trackerBehind()).open(identity, start, undefined, never);
    const { ref } = await run.deliver(EVENTS.slice(0, 100), never);
    proxy.inject({ kind: 'lose-answer' }, { path: '/file_stream', times: 1 });
    await expect(run.deliver(EVENTS.slice(100, 500), never)).rejects.toThrow();
    const again = await (await trackerBehind()).open(identity, start, stored(ref), never);
    await deliverAll(again, EVENTS.slice(100), [], 250);
    await again.close({ status: 'completed' }, Date.now(), never);
    assertWhole(identity.key);
  });

  test.each<[string, object]>([
    ['another process', {}],
    ['the same one, which has lost the answer', { runId: 'r1' }],
  ])('with a batch of several requests that broke off between them: %s brings the rest', async (who, settings) => {
    const text = 'x'.repeat(20_000);
    const lines = Array.from({ length: 400 }, (): LoggedEvent => ({ kind: 'log', stream: 'out', text }));
    const events = eventsOf(curve('loss', 400).flatMap((point, at) => [point, lines[at]!]));
    const identity = newIdentity();
    const start = newStart({ settings });
    const run = await (await trackerBehind()).open(identity, start, undefined, never);
    const { ref } = run;
    proxy.inject(who === 'another process' ? { kind: 'reset' } : { kind: 'lose-answer' }, {
      ...{ path: '/file_stream', times: 1 },
      skip: who === 'another process' ? 1 : 0,
    });
    await run.deliver(events, never).catch(() => undefined);
    const again = who === 'another process' ? await (await trackerBehind()).open(identity, start, stored(ref), never) : run;
    await deliverAll(again, events, [], events.length);
    await again.close({ status: 'completed' }, Date.now(), never);
    const { streams } = recorder.run(again.ref.id!)!;
    expect(streams['wandb-history.jsonl']!.map((line) => rowOf(line)['_step'])).toEqual(Array.from({ length: 400 }, (_, step) => step));
    expect(streams['output.log']).toHaveLength(400);
  });

  test('with an answer that was lost, of a run to which another program may write', async () => {
    const tracker = await trackerBehind();
    const identity = newIdentity();
    const run = await tracker.open(identity, newStart(), undefined, never);
    tracker.childEnv(run.ref);
    run.ending!();
    const injected = proxy.inject({ kind: 'lose-answer' }, { path: '/file_stream', skip: 1, times: 2 });
    const failures: Error[] = [];
    await deliverAll(run, EVENTS, failures);
    await persist(failures, () => run.close({ status: 'completed' }, Date.now(), never));
    assertWhole(identity.key);
    expect([injected.hits, failures.length > 0]).toEqual([2, true]);
    const summary = rowOf(recorder.run(identity.key)!.streams['wandb-summary.json']!.at(-1)!);
    expect([summary['loss'], summary['_step']]).toEqual([1 / POINTS, POINTS - 1]);
  });

  test('with a process that died before anything of the run was stored: another one sends all again', async () => {
    const identity = newIdentity();
    const start = newStart();
    const run = await (await trackerBehind()).open(identity, start, undefined, never);
    await run.deliver(EVENTS.slice(0, 500), never);
    const again = await (await trackerBehind()).open(identity, start, undefined, never);
    await deliverAll(again, EVENTS, [], 250);
    await again.close({ status: 'completed' }, Date.now(), never);
    assertWhole(identity.key);
  });

  test.each<[string, Fault, FaultScope]>([
    ['a storage that fails', { kind: 'answer', status: 500 }, { method: 'PUT' }],
    ['an upload that is cut', { kind: 'cut-upload', afterBytes: 3 }, { method: 'PUT' }],
    ['a lost answer of the storage', { kind: 'lose-answer' }, { method: 'PUT' }],
    ['a lost answer of the API', { kind: 'lose-answer' }, { path: '/graphql' }],
  ])('with %s in the middle of files', async (_name, fault, scope) => {
    recorder.showAs(proxy.url);
    const failures: Error[] = [];
    const run = await (await trackerBehind()).open(newIdentity(), newStart(), undefined, never);
    for (let skip = 0; skip < 3; skip++) proxy.inject(fault, { ...scope, skip, times: 1 });
    const files = [artifactEvent('weights.bin', 'model'), ...curve('loss', 3), artifactEvent('plots/weights.bin'), ...curve('loss', 3, 3)];
    for (let rest = eventsOf(files); rest.length > 0;) {
      const sent = rest;
      const { through, rejected } = await persist(failures, () => run.deliver(sent, never));
      expect(rejected).toBeUndefined();
      rest = rest.filter(({ seq }) => seq > through['w']!);
    }
    await persist(failures, () => run.close({ status: 'completed' }, Date.now(), never));
    const { streams, files: uploaded } = recorder.run(run.ref.id!)!;
    expect(streams['wandb-history.jsonl']!.map((line) => rowOf(line)['_step'])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(uploaded['plots/weights.bin']!.toString()).toBe('the weights');
    expect(recorder.artifacts.map(({ committed, files: kept }) => [committed, String(kept['weights.bin'])])).toEqual([
      [true, 'the weights'],
    ]);
  });

  test('with a server that asks to come back later: it is told when', async () => {
    proxy.inject({ kind: 'answer', status: 429, headers: { 'retry-after': '7' } });
    const error: unknown = await (
      await trackerBehind()
    )
      .open(newIdentity(), newStart(), undefined, never)
      .catch((failure: unknown) => failure);
    expect(isError(error, Transient) && error.retryAfter).toBe(7_000);
  });

  test('with nobody at the address: it is said at once, and may pass', async () => {
    await recorder.stop();
    await proxy.stop();
    const error: unknown = await (
      await trackerBehind()
    )
      .open(newIdentity(), newStart(), undefined, never)
      .catch((failure: unknown) => failure);
    expect(isError(error, Transient)).toBe(true);
    expect((error as Error).message).toMatch(/cannot be reached \(ECONNREFUSED\)/);
  });
});
