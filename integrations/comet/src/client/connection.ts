import { fieldsOf, HttpClient } from '@mortise/http-client';

import { secretsOf } from '../api-key.ts';
import { CometError } from './comet-error.ts';
import { refusal } from './refusal.ts';

export interface ConnectionOptions {
  /** As the person was given it: Comet's own client sends it whole, with what follows a `*`. */
  apiKey: string;
  /** Scheme, host and port. */
  root: string;
  /** How long nothing may happen, ms. */
  timeoutMs: number;
  fetch: typeof fetch;
}

export interface CometRequest {
  method: 'GET' | 'POST';
  /** Below the root, with its query. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** How requests reach a Comet server. */
export class CometConnection {
  readonly root: string;
  readonly apiKey: string;
  readonly #http: HttpClient;

  constructor({ apiKey, root, timeoutMs, fetch }: ConnectionOptions) {
    this.root = root;
    this.apiKey = apiKey;
    const secrets = secretsOf(apiKey);
    this.#http = new HttpClient({
      ...{ send: fetch, timeoutMs, secrets },
      trustAdvice: 'Name the certificate of its authority in NODE_EXTRA_CA_CERTS',
      errors: {
        noAnswer: (kind, message, cause) => new CometError(kind === 'timeout' ? kind : 'unreachable', message, { cause }),
        refusal: (refused) => refusal(refused, secrets),
      },
    });
  }

  /** Sends, and gives the JSON that is answered: an object. @throws CometError, or the signal's reason */
  async call({ method, path, headers, body }: CometRequest, signal: AbortSignal): Promise<Record<string, unknown>> {
    const server = `Comet at ${this.root}`;
    const call = path.replace(/\?.*$/s, '');
    const sent = { ...headers, authorization: this.apiKey, accept: 'application/json' };
    const request = { server, call, method, url: `${this.root}${path}`, headers: sent, ...(body !== undefined && { body }) };
    const answer = fieldsOf(await this.#http.text(request, signal));
    if (answer !== undefined) return answer;
    throw new CometError('protocol', `${server} answered ${call} with something that is not Comet's. Is it a Comet server?`);
  }
}
