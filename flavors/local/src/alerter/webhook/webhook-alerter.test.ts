import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isError, Permanent, Transient, type Alert } from '@mortise/core';

import { webhookServer, type WebhookServer } from '../../testing/webhook-server.ts';
import { WebhookAlerterConfig } from './webhook-alerter-config.ts';
import { WebhookAlerter } from './webhook-alerter.ts';

const FAILED: Alert = {
  title: 'Wine failed',
  text: 'diverged: "NaN" \u{1f377}\n',
  severity: 'error',
  runId: 'r1',
  url: 'http://127.0.0.1/r1',
};
const SECRET = 'k3y-of-the-cellar';

let server: WebhookServer;

beforeEach(async () => {
  server = await webhookServer();
});
afterEach(() => server.close());

function alerter(config: Partial<WebhookAlerterConfig> = {}): WebhookAlerter {
  return new WebhookAlerter(Object.assign(new WebhookAlerterConfig(), { url: `${server.url}/in?token=t0ken`, ...config }), fetch);
}

const never = (): AbortSignal => new AbortController().signal;

async function failureOf(promise: Promise<void>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: Error) => error,
  );
}

describe('the webhook alerter', () => {
  it('posts the alert as JSON, null where nothing is known', async () => {
    await alerter().send(FAILED, never());
    await alerter().send({ title: 'a', text: '', severity: 'info' }, never());
    const [first, second] = server.requests.map(({ body, ...request }) => ({
      ...request,
      body: JSON.parse(body) as Record<string, unknown>,
    }));
    expect(first).toMatchObject({ method: 'POST', path: '/in?token=t0ken' });
    expect(first!.headers['content-type']).toBe('application/json');
    const { at, ...body } = first!.body;
    expect(body).toEqual(FAILED);
    expect(Math.abs(Date.parse(at as string) - Date.now())).toBeLessThan(5_000);
    expect(second!.body).toMatchObject({ title: 'a', text: '', severity: 'info', runId: null, url: null });
  });

  it('signs the bytes that it sends, and sends no signature without a secret', async () => {
    await alerter({ secret: SECRET, headers: { 'x-mortise-signature': 'sha256=forged', authorization: 'Bearer b' } }).send(FAILED, never());
    await alerter().send(FAILED, never());
    const [signed, bare] = server.requests;
    expect(signed!.headers).toMatchObject({
      authorization: 'Bearer b',
      'x-mortise-signature': `sha256=${createHmac('sha256', SECRET).update(signed!.body).digest('hex')}`,
    });
    expect(signed!.body).not.toContain(SECRET);
    expect(bare!.headers['x-mortise-signature']).toBeUndefined();
  });

  it('tries again after a 500, with the same delivery id and the same bytes, and later each time', async () => {
    server.answer(500, 503, 200);
    await alerter({ secret: SECRET }).send(FAILED, never());
    expect(server.requests).toHaveLength(3);
    expect(new Set(server.requests.map(({ body, headers }) => `${String(headers['x-mortise-delivery'])} ${body}`)).size).toBe(1);
    const [first, second, third] = server.requests.map(({ at }) => at);
    expect(second! - first!).toBeGreaterThanOrEqual(240);
    expect(third! - second!).toBeGreaterThanOrEqual(490);
  });

  it('gives each alert a delivery id of its own', async () => {
    const one = alerter();
    await Promise.all([one.send(FAILED, never()), one.send(FAILED, never())]);
    expect(new Set(server.requests.map(({ headers }) => headers['x-mortise-delivery'])).size).toBe(2);
  });

  it.each([408, 429, 500, 502, 599])('fails with Transient when it is answered %i again and again', async (status) => {
    server.answer(status);
    const error = await failureOf(alerter({ retries: 1 }).send(FAILED, never()));
    expect(error).toMatchObject({ code: Transient.code, message: `${server.url} answered ${status}, and so 2 times` });
    expect(server.requests).toHaveLength(2);
  });

  it.each([400, 401, 403, 404, 410, 422])('is not tried again when it is answered %i', async (status) => {
    server.answer(status, 200);
    const error = await failureOf(alerter().send(FAILED, never()));
    expect(error).toMatchObject({ code: Permanent.code, message: `${server.url} answered ${status}` });
    expect(server.requests).toHaveLength(1);
  });

  it.each([429, 503])('waits as long as a %i asks it to', async (status) => {
    server.answer([status, { 'retry-after': '1' }], 200);
    await alerter().send(FAILED, never());
    const [first, second] = server.requests.map(({ at }) => at);
    expect(second! - first!).toBeGreaterThanOrEqual(990);
  });

  it('does not ask again a server that wants to be left alone for long', async () => {
    server.answer([429, { 'retry-after': '3600' }], 200);
    const error = await failureOf(alerter().send(FAILED, never()));
    expect(error).toMatchObject({ code: Transient.code, retryAfter: 3_600_000 });
    expect(server.requests).toHaveLength(1);
  });

  it('gives up a server that does not answer, after its time and its retries', async () => {
    server.answer(() => undefined);
    const error = await failureOf(alerter({ timeoutMs: 100, retries: 1 }).send(FAILED, never()));
    expect(error).toMatchObject({ code: Transient.code, message: `${server.url} did not answer within 100 ms, and so 2 times` });
  });

  it('says of a server that nobody runs that it cannot be reached', async () => {
    await server.close();
    const error = await failureOf(alerter({ retries: 0 }).send(FAILED, never()));
    expect(error).toMatchObject({ code: Transient.code, message: `${server.url} cannot be reached (ECONNREFUSED)` });
  });

  it('stops at once when the signal is aborted: before, while it waits for an answer, and between two tries', async () => {
    const enough = new Error('enough');
    await expect(alerter().send(FAILED, AbortSignal.abort(enough))).rejects.toBe(enough);
    expect(server.requests).toHaveLength(0);
    for (const answer of [() => undefined, [503, { 'retry-after': '20' }] as [number, Record<string, string>]]) {
      server.answer(answer);
      const stop = new AbortController();
      const begun = Date.now();
      setTimeout(() => stop.abort(enough), 100);
      await expect(alerter().send(FAILED, stop.signal)).rejects.toBe(enough);
      expect(Date.now() - begun).toBeLessThan(15_000);
    }
  });

  it('does not follow a redirect: neither the alert nor its headers go elsewhere', async () => {
    const elsewhere = await webhookServer();
    try {
      for (const status of [301, 302, 307, 308]) {
        server.answer([status, { location: `${elsewhere.url}/` }]);
        const error = await failureOf(alerter({ secret: SECRET, headers: { authorization: 'b' } }).send(FAILED, never()));
        expect(error).toMatchObject({ code: Permanent.code, message: `${server.url} answered ${status}: redirects are not followed` });
      }
      expect(elsewhere.requests).toHaveLength(0);
    } finally {
      await elsewhere.close();
    }
  });

  it('does not read what it is answered, be it without end', async () => {
    let written = 0;
    let closed = false;
    server.answer((response) => {
      response.on('close', () => (closed = true));
      const write = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) written++;
      };
      response.on('drain', write);
      write();
    });
    await alerter().send(FAILED, never());
    while (!closed) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(written).toBeLessThan(1_000);
  });

  it('holds its secrets back from every error', async () => {
    const given = { secret: SECRET, headers: { authorization: 'Bearer b34rer' }, retries: 0, timeoutMs: 50 };
    const errors: Error[] = [];
    for (const answer of [400, 500, [302, { location: '/x?token=t0ken' }] as [number, Record<string, string>], () => undefined]) {
      server.answer(answer);
      errors.push(await failureOf(alerter(given).send(FAILED, never())));
    }
    await server.close();
    errors.push(await failureOf(alerter(given).send(FAILED, never())), await failureOf(alerter(given).check(never())));
    for (const error of errors) expect(inspect(error, { depth: 9 })).not.toMatch(/t0ken|k3y-of|b34rer/);
  });
});

describe('its check', () => {
  it('reaches the server without sending an alert or a signature', async () => {
    await alerter({ secret: SECRET, headers: { authorization: 'b' } }).check(never());
    expect(server.requests).toMatchObject([{ method: 'HEAD', path: '/in?token=t0ken', body: '', headers: { authorization: 'b' } }]);
    expect(server.requests[0]!.headers['x-mortise-signature']).toBeUndefined();
  });

  it.each([404, 405, 401, 302])('passes a receiver that answers %i to it, as one that knows no HEAD may', async (status) => {
    server.answer(status);
    await alerter().check(never());
  });

  it('fails for a server that answers 5xx, cannot be reached, or does not answer until the signal', async () => {
    server.answer(503);
    expect(isError(await failureOf(alerter().check(never())), Transient)).toBe(true);
    server.answer(() => undefined);
    await expect(alerter().check(AbortSignal.timeout(50))).rejects.toThrow();
    await server.close();
    expect((await failureOf(alerter().check(never()))).message).toBe(`${server.url} cannot be reached (ECONNREFUSED)`);
  });
});
