import { HttpClient, senderOf } from '@mortise/http-client';

import { DEFAULT_BASE_URL, type WandbClientOptions } from '../wandb-client-options.ts';
import { WandbError } from '../wandb-error.ts';
import { refusal } from './refusal.ts';

/** Bytes to be uploaded, and how many they are: storages take no upload of unknown length. */
export interface Upload {
  body: Uint8Array | AsyncIterable<Uint8Array>;
  size: number;
}

/** How requests reach the server: whose key they carry, how long they wait. */
export class Connection {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly #apiKey: string;
  readonly #http: HttpClient;

  constructor({ apiKey, baseUrl = DEFAULT_BASE_URL, timeoutMs = 60_000, fetch, insecureTls }: WandbClientOptions) {
    this.baseUrl = checkedUrl(baseUrl);
    if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new WandbError('invalid', 'The API key is empty, or has characters that no key has');
    this.#apiKey = apiKey;
    const { secrets } = this;
    this.#http = new HttpClient({
      ...{ send: senderOf({ fetch, insecure: insecureTls }), timeoutMs, secrets },
      trustAdvice: 'Name the certificate of its authority in NODE_EXTRA_CA_CERTS',
      errors: {
        noAnswer: (kind, message, cause) => new WandbError(kind, message, { cause }),
        refusal: (refused) => refusal(refused, secrets),
      },
    });
  }

  /** As errors name it. */
  get server(): string {
    return `Weights & Biases at ${this.baseUrl}`;
  }

  get secrets(): readonly string[] {
    return [this.#apiKey, this.#credentials];
  }

  /** Sends JSON text to a route of the API, with the key; gives what JSON comes back. */
  async post(route: string, body: string, call: string, signal?: AbortSignal): Promise<unknown> {
    const headers = { 'content-type': 'application/json', accept: 'application/json', authorization: `Basic ${this.#credentials}` };
    const request = { server: this.server, call, method: 'POST' as const, url: `${this.baseUrl}${route}`, headers, body };
    const text = await this.#http.text(request, signal);
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new WandbError(
        'protocol',
        `${this.server} answered ${call} with something else than JSON. Is it a Weights & Biases server? (200)`,
        { status: 200, cause },
      );
    }
  }

  /** Uploads to an address that the server gave out, which has its credentials within: the key stays here. */
  async put(
    url: string,
    { body, size }: Upload,
    headers: Readonly<Record<string, string>>,
    call: string,
    signal?: AbortSignal,
  ): Promise<void> {
    const whole = new URL(url, `${this.baseUrl}/`).href;
    const sized = { ...headers, 'content-length': String(size) };
    const server = `The storage behind ${this.server}`;
    await this.#http.ask({ server, call, method: 'PUT', url: whole, headers: sized, body }, signal);
  }

  get #credentials(): string {
    return Buffer.from(`api:${this.#apiKey}`).toString('base64');
  }
}

function checkedUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new WandbError('invalid', 'The base URL must begin with http:// or https://');
  if (url.username !== '' || url.password !== '')
    throw new WandbError('invalid', 'The base URL must not hold a user or a password: URLs are printed, keys are not');
  return given.replace(/\/+$/, '');
}
