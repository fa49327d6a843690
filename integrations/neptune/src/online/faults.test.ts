import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isError, Permanent, Transient, type TrackerEvent, type TrackerRun } from '@mortise/core';
import { selfSigned, startFaultyProxy, startPlainServer, type Fault, type FaultScope, type FaultyProxy } from '@mortise/test-servers';

import type { NeptuneTracker } from '../experiment-tracker/neptune-tracker.ts';
import { startNeptuneRecorder, type NeptuneRecorder } from '../testing/neptune-recorder.ts';
import { curve, eventsOf, never, newIdentity, startOf, trackerAt } from '../testing/tracker-at.ts';

const POINTS = 60;
const INGEST = { path: /ingest$/ };
const CHECK = { path: /ingest\/check/ };
const status = (code: number, headers: Record<string, string> = {}, body = ''): Fault => ({ kind: 'answer', status: code, headers, body });
const nonsense = status(200, { 'content-type': 'text/html' }, '<!doctype html><p>Sign in to the hotel network</p>');

/** Of the events: those that make and begin the run come first. */
const EVENTS = { ...INGEST, skip: 2 };
const EVENT_CHECKS = { ...CHECK, skip: 2 };

/** What passes, by which requests it meets. */
const PASSING: [string, Fault, FaultScope][] = [
  ['refused connections', { kind: 'reset' }, { times: 3 }],
  ['refused connections in the middle', { kind: 'reset' }, { skip: 8, times: 3 }],
  ['a black hole before anything', { kind: 'black-hole' }, { times: 1 }],
  ['a black hole in the middle', { kind: 'black-hole' }, { ...EVENTS, times: 2 }],
  ['a reset in the middle of a body', { kind: 'cut-upload', afterBytes: 20 }, { ...EVENTS, times: 3 }],
  ['lost answers as the run is made', { kind: 'lose-answer' }, { ...INGEST, times: 3 }],
  ['lost answers', { kind: 'lose-answer' }, { ...EVENTS, times: 3 }],
  ['answers that never come', { kind: 'lose-answer', silently: true }, { ...EVENTS, skip: 3, times: 2 }],
  ['lost answers of checks', { kind: 'lose-answer' }, { ...EVENT_CHECKS, times: 3 }],
  ['answers cut in the middle', { kind: 'cut-download', afterBytes: 5 }, { ...EVENTS, times: 3 }],
  ['500 x3, then well', status(500), { times: 3 }],
  ['500 x3 in the middle, then well', status(500), { ...EVENTS, times: 3 }],
  ['500 x3 of checks, then well', status(500), { ...EVENT_CHECKS, times: 3 }],
  ['429 with Retry-After', status(429, { 'retry-after': '1' }), { ...EVENTS, times: 2 }],
  ['401 in the middle', status(401), { ...EVENTS, times: 1 }],
  ['401 of a check', status(401), { ...EVENT_CHECKS, times: 1 }],
  ['slow', { kind: 'delay', ms: 100 }, {}],
  ['nonsense before anything', nonsense, { times: 2 }],
  ['nonsense in the middle', nonsense, { ...EVENTS, times: 2 }],
  ['nonsense of checks', nonsense, { ...EVENT_CHECKS, times: 2 }],
];

/** ms. What is silent is given up soon; else only a machine that stands still would be. */
function patienceWith(fault: Fault): number {
  return fault.kind === 'black-hole' || (fault.kind === 'lose-answer' && fault.silently === true) ? 400 : 30_000;
}

const trackerWith = (timeoutMs: number): Promise<NeptuneTracker> =>
  trackerAt({ mode: 'online', apiToken: recorder.token(proxy.url), timeoutMs });

let recorder: NeptuneRecorder;
let proxy: FaultyProxy;
let tracker: NeptuneTracker;
beforeEach(async () => {
  recorder = await startNeptuneRecorder();
  proxy = await startFaultyProxy(recorder.server.url);
  tracker = await trackerWith(30_000);
});
afterEach(async () => {
  await proxy.stop();
  await recorder.stop();
});

/** As core does, in less time. */
async function persist<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!isError(error, Transient) || tries === 8) throw error;
      await delay(10);
    }
  }
}

async function logAll(run: TrackerRun, events: readonly TrackerEvent[]): Promise<void> {
  for (let at = 0; at < events.length; at += 20) {
    const { rejected, through } = await persist(() => run.deliver(events.slice(at, at + 20), never));
    expect({ rejected, through }).toEqual({ rejected: undefined, through: { w: Math.min(at + 20, events.length) } });
  }
}

test.each(PASSING)('%s: nothing lost, nothing twice', async (_, fault, scope) => {
  tracker = await trackerWith(patienceWith(fault));
  const injected = proxy.inject(fault, scope);
  const identity = newIdentity();
  const start = startOf();
  const run = await persist(() => tracker.open(identity, start, undefined, never));
  await logAll(run, eventsOf(curve('loss', POINTS)));
  await persist(() => run.close({ status: 'failed', error: { name: 'Error', message: 'boom' } }, Date.now(), never));
  expect(injected.hits).toBeGreaterThan(0);
  const { series, fields } = recorder.run(identity.key)!;
  expect(series.get('metrics/loss')!.map(({ step, value }) => [step, value.value])).toEqual(
    Array.from({ length: POINTS }, (__, i) => [i, i / 8]),
  );
  expect([fields.get('status')!.value, fields.get('error/message')!.value, fields.get('sys/failed')!.value]).toEqual([
    'failed',
    'boom',
    true,
  ]);
  expect(recorder.runs.length).toBe(1);
});

const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test('429 says when to come again', async () => {
  proxy.inject(status(429, { 'retry-after': '7' }), { times: 1 });
  const error = await failureOf(tracker.check(never));
  expect(isError(error, Transient) && error.retryAfter).toBe(7_000);
});

describe('the token', () => {
  test('is exchanged anew when it ends in the middle of a run', async () => {
    const run = await tracker.open(newIdentity(), startOf(), undefined, never);
    recorder.revoke();
    await logAll(run, eventsOf(curve('loss', 40)));
    expect(proxy.count({ path: 'oauth-token' })).toBe(2);
    expect(proxy.count({ path: '/auth/' })).toBe(0);
  });

  test('is asked for once by runs that begin at once', async () => {
    await Promise.all([1, 2, 3].map(() => tracker.open(newIdentity(), startOf(), undefined, never)));
    expect(proxy.count({ path: 'oauth-token' })).toBe(1);
  });

  test('is waited for by nobody who gives up, and by the others all the same', async () => {
    const silence = proxy.inject({ kind: 'delay', ms: 500 }, { path: 'oauth-token' });
    const [first, second] = [new AbortController(), new AbortController()];
    const asked = [first, second].map(({ signal }) => failureOf(tracker.open(newIdentity(), startOf(), undefined, signal)));
    const other = tracker.open(newIdentity(), startOf(), undefined, never);
    while (silence.hits === 0) await delay(5);
    for (const each of [first, second]) each.abort(new Error('given up'));
    const isLetIn = other.then(() => 'let in');
    expect(await Promise.race([isLetIn, Promise.all(asked)])).toEqual([first.signal.reason, second.signal.reason]);
    expect(await isLetIn).toBe('let in');
    expect(proxy.count({ path: 'oauth-token' })).toBe(1);
  });
});

test.each([
  ['401', status(401), /with 401: check the API token/],
  ['403', status(403, { 'content-type': 'application/json' }, '{"message":"no\\nwriter"}'), /with 403: no writer: ask for the permission/],
  ['404', status(404, { 'content-type': 'text/html' }, '<h1>Not found</h1>'), /with 404: check the address in the API token/],
  ['a redirect', status(302, { location: 'http://127.0.0.1:1/' }), /with 302, a redirect, which is not followed/],
])('%s is final, and told in one line without secrets', async (_, fault, says) => {
  proxy.inject(fault);
  const error = (await failureOf(tracker.check(never))) as Error;
  expect(isError(error, Permanent)).toBe(true);
  expect(error.message).toMatch(says);
  expect(error.message).not.toMatch(/[<>\n]|hunter2/);
  expect(error.message).not.toContain(recorder.token(proxy.url));
});

test.each([
  [{}, /\. Name the certificate of its authority in NODE_EXTRA_CA_CERTS$/],
  [{ NEPTUNE_VERIFY_SSL: 'False' }, /\. NEPTUNE_VERIFY_SSL is not read here. Name the certificate .* in NODE_EXTRA_CA_CERTS$/],
  [{ NEPTUNE_ALLOW_SELF_SIGNED_CERTIFICATE: '1' }, /\. NEPTUNE_ALLOW_SELF_SIGNED_CERTIFICATE is not read here. Name /],
])('a certificate that is not trusted is told with what to do, and which variable does not count: %j', async (variables, says) => {
  const server = await startPlainServer((_request, response) => void response.end(), selfSigned());
  Object.assign(process.env, variables);
  try {
    const untrusted = await trackerAt({ mode: 'online', apiToken: recorder.token(server.url) });
    const error = (await failureOf(untrusted.check(never))) as Error;
    expect(error.message).toMatch(/has a certificate that is not trusted here/);
    expect(error.message).toMatch(says);
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
    await server.stop();
  }
});

test('a server that repeats the API token, or what it is exchanged for, does not get it into messages', async () => {
  const repeating = (said: string): Fault =>
    status(400, { 'content-type': 'application/json' }, JSON.stringify({ message: `no: ${said}!` }));
  const apiToken = recorder.token(proxy.url);
  const exchange = proxy.inject(repeating(apiToken), { path: 'oauth-token' });
  const refused = (await failureOf(tracker.check(never))) as Error;
  expect(refused.message).toMatch(/ with 400: no: \*\*\*!$/);
  exchange.remove();
  const run = await tracker.open(newIdentity(), startOf(), undefined, never);
  const { authorization = '' } = recorder.server.requests.at(-1)!.headers;
  proxy.inject(repeating(authorization.replace('Bearer ', '')), INGEST);
  const failed = (await failureOf(run.deliver(eventsOf(curve('loss', 3)), never))) as Error;
  expect(failed.message).toMatch(/ with 400: no: \*\*\*!$/);
});

test('the API token goes where it is exchanged, what it is exchanged for into the header Authorization, and neither anywhere else', async () => {
  const run = await tracker.open(newIdentity(), startOf(), undefined, never);
  await run.deliver(eventsOf(curve('loss', 3)), never);
  recorder.revoke();
  await run.close({ status: 'completed' }, Date.now(), never);
  const { requests } = recorder.server;
  const bearers = new Set(requests.flatMap(({ headers: { authorization } }) => authorization?.replace('Bearer ', '') ?? []));
  expect(bearers.size).toBe(2);
  const secrets = [recorder.token(proxy.url), recorder.secret, ...bearers];
  for (const { path, headers, body, query } of requests) {
    const { 'x-neptune-api-token': given, authorization: _, ...others } = headers;
    if (!path.endsWith('/oauth-token')) expect(given).toBeUndefined();
    const rest = JSON.stringify([path, others, [...query], body.toString('latin1')]);
    expect(secrets.filter((secret) => rest.includes(secret))).toEqual([]);
  }
});
