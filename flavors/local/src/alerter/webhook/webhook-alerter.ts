import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { Permanent, Transient, type Alert, type Alerter, type ComponentContext } from '@mortise/core';

import { retryAfter } from './retry-after.ts';
import type { WebhookAlerterConfig } from './webhook-alerter-config.ts';

/** Pause before the first retry, ms; it doubles each time, up to the longest. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

/** Posts alerts. Its errors name the server, and nothing else of the URL: that may be as good as a password. */
export class WebhookAlerter implements Alerter {
  readonly #config: WebhookAlerterConfig;
  readonly #fetch: typeof fetch;
  readonly #server: string;

  constructor(config: WebhookAlerterConfig, http: typeof fetch) {
    this.#config = config;
    this.#fetch = http;
    this.#server = new URL(config.url).origin;
  }

  /**
   * Body: `{ title, text, severity, runId, url, at }`, with null for what is not known and `at` in ISO 8601 UTC. Tries again with the same body and the same
   * `x-mortise-delivery`, so that a receiver can tell a repetition.
   * @throws Transient when no try was answered well, Permanent when the server refuses the alert
   */
  async send({ title, text, severity, runId, url }: Alert, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({ title, text, severity, runId: runId ?? null, url: url ?? null, at: new Date().toISOString() });
    const headers = this.#headersOf(body);
    for (let tries = 1; ; tries++) {
      const refusal = await this.#try('POST', { headers, body }, signal);
      if (refusal === undefined) return;
      if (!refusal.passing) throw new Permanent(refusal.why);
      const pause = refusal.retryAfter ?? FIRST_PAUSE_MS * 2 ** (tries - 1);
      if (tries > this.#config.retries) throw new Transient(`${refusal.why}${tries > 1 ? `, and so ${tries} times` : ''}`);
      if (refusal.retryAfter !== undefined && pause > LONGEST_PAUSE_MS)
        throw new Transient(`${refusal.why}, and not to be asked again for ${Math.ceil(pause / 1_000)} s`, { retryAfter: pause });
      await delay(Math.min(pause, LONGEST_PAUSE_MS), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /**
   * Asks the server for the URL with HEAD, which sends no alert and is not signed. Most receivers know no HEAD, so that any answer will do that is
   * not 5xx.
   * @throws Transient
   */
  async check(signal: AbortSignal): Promise<void> {
    const refusal = await this.#try('HEAD', { headers: this.#config.headers ?? {} }, signal);
    if (refusal !== undefined && (refusal.status === undefined || refusal.status >= 500)) throw new Transient(refusal.why);
  }

  /** Ours are set last: nobody's config can make a wrong signature. */
  #headersOf(body: string): Headers {
    const { headers: given, secret } = this.#config;
    const headers = new Headers({ 'user-agent': 'mortise', ...given });
    headers.set('content-type', 'application/json');
    headers.set('x-mortise-delivery', randomUUID());
    if (secret !== undefined) headers.set('x-mortise-signature', `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
    return headers;
  }

  /** Undefined when the server took it. Throws only what `signal` was aborted with. */
  async #try(method: string, request: RequestInit, signal: AbortSignal): Promise<Refusal | undefined> {
    signal.throwIfAborted();
    const { url, timeoutMs } = this.#config;
    const time = AbortSignal.timeout(timeoutMs);
    try {
      // A redirect could hand the alert and its headers to anybody.
      const response = await this.#fetch(url, { ...request, method, redirect: 'manual', signal: AbortSignal.any([signal, time]) });
      // What it says is of no use, and may be without end.
      await response.body?.cancel().catch(() => undefined);
      return response.ok ? undefined : this.#refusalOf(response);
    } catch (error) {
      signal.throwIfAborted();
      const why = time.aborted ? `did not answer within ${timeoutMs} ms` : `cannot be reached (${networkReason(error)})`;
      return { why: `${this.#server} ${why}`, passing: true };
    }
  }

  #refusalOf({ status, headers }: Response): Refusal {
    const passing = status === 408 || status === 429 || status >= 500;
    const redirects = status >= 300 && status < 400;
    const why = `${this.#server} answered ${status}${redirects ? ': redirects are not followed' : ''}`;
    const pause = passing ? retryAfter(headers.get('retry-after')) : undefined;
    return { why, passing, status, ...(pause !== undefined && { retryAfter: pause }) };
  }
}

/** Why the server did not take a request. */
interface Refusal {
  why: string;
  /** It may pass by trying again. */
  passing: boolean;
  /** Of its answer, if there was one. */
  status?: number;
  /** What it asks for, ms. */
  retryAfter?: number;
}

/** The code of what failed below fetch, as ECONNREFUSED: its text may name the URL. */
function networkReason(error: unknown): string {
  for (let cause = error; typeof cause === 'object' && cause !== null; cause = (cause as { cause?: unknown }).cause) {
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return 'the connection failed';
}

export async function create({ config, fetch: http }: ComponentContext<WebhookAlerterConfig>): Promise<WebhookAlerter> {
  return new WebhookAlerter(config, http);
}
