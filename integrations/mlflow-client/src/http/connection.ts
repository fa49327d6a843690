import {
  faultOfAuthorities,
  HttpClient,
  senderOf,
  textOf,
  wasClosed,
  type HttpRequest,
  type OpenAnswer,
  type Send,
} from '@mortise/http-client';

import type { MlflowClientOptions } from '../mlflow-client-options.ts';
import { isMlflowError, MlflowError } from '../mlflow-error.ts';
import { refusal } from './refusal.ts';
import { storageRefusal } from './storage-refusal.ts';

export type Request = Omit<HttpRequest, 'server'>;

/** How requests reach the tracking server: whose credentials they carry, whom they trust, how long they wait. */
export class Connection {
  readonly trackingUri: string;
  readonly #authorization: string | undefined;
  readonly #toServer: HttpClient;
  readonly #toStorage: HttpClient;

  constructor(options: MlflowClientOptions) {
    this.trackingUri = trackingUriOf(options.trackingUri);
    this.#authorization = authorizationOf(options);
    const timeoutMs = options.timeoutMs ?? 120_000;
    if (!(timeoutMs > 0)) throw new MlflowError('invalid', 'timeoutMs must be a number of milliseconds above 0');
    const { ca, insecureTls, fetch } = options;
    if (ca !== undefined && insecureTls === true)
      throw new MlflowError('invalid', 'Give "ca" or "insecureTls", not both: one trusts a certificate, the other any');
    if (ca !== undefined) refuseUnlessAuthorities(ca);
    const secrets = [options.password, options.token, this.#authorization?.replace(/^\w+ /, '')].filter((secret) => secret !== undefined);
    const clientOf = (send: Send, refusalOf: typeof refusal): HttpClient =>
      new HttpClient({
        ...{ send, timeoutMs, secrets, trustAdvice: 'Give the certificate of its authority ("ca")' },
        errors: {
          noAnswer: (kind, message, cause) => new MlflowError(kind, message, { cause }),
          refusal: (refused) => refusalOf(refused, secrets),
        },
      });
    const toStorage = senderOf({ fetch, ca });
    this.#toStorage = clientOf(toStorage, storageRefusal);
    this.#toServer = clientOf(insecureTls === true ? senderOf({ fetch, insecure: true }) : toStorage, refusal);
  }

  /** As errors name it. */
  get server(): string {
    return `MLflow at ${this.trackingUri}`;
  }

  /** Sends with credentials, and opens the answer. Fails unless its status is 2xx. */
  async open(request: Request, signal?: AbortSignal): Promise<OpenAnswer> {
    const headers = { ...request.headers, ...(this.#authorization !== undefined && { authorization: this.#authorization }) };
    const send = (): Promise<OpenAnswer> => this.#toServer.open({ ...request, server: this.server, headers }, signal);
    try {
      return await send();
    } catch (error) {
      // The server closes connections that rest, and a process that was computing has not heard of it. To ask again changes nothing.
      if (request.method !== 'GET' || !isMlflowError(error) || !wasClosed(error.cause)) throw error;
      return send();
    }
  }

  /** As `open`, and reads the whole answer. */
  async text(request: Request, signal?: AbortSignal): Promise<string> {
    return textOf(await this.open(request, signal));
  }

  /** Sends to an address that the server gave out, which has its credentials within: ours stay here. */
  openElsewhere(request: Request, signal?: AbortSignal): Promise<OpenAnswer> {
    return this.#toStorage.open({ ...request, server: `The storage behind ${this.server}` }, signal);
  }
}

/** TLS takes what is no certificate without a word, and trusts nobody more. */
function refuseUnlessAuthorities(ca: string): void {
  const fault = faultOfAuthorities(ca);
  if (fault !== undefined) throw new MlflowError('invalid', fault.message, { cause: fault.cause });
}

function trackingUriOf(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url !== undefined && (url.username !== '' || url.password !== '')) {
    throw new MlflowError(
      'invalid',
      'trackingUri holds a user or a password. Give them as "username" and "password": addresses are printed',
    );
  }
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new MlflowError('invalid', `trackingUri must be http(s)://host[:port][/prefix], not ${JSON.stringify(given)}`);
  }
  if (url.search !== '' || url.hash !== '')
    throw new MlflowError('invalid', 'trackingUri must end with its path: leave out what follows "?" or "#"');
  return url.href.replace(/\/+$/, '');
}

function authorizationOf({ username, password, token }: MlflowClientOptions): string | undefined {
  if ((username === undefined) !== (password === undefined)) {
    throw new MlflowError(
      'invalid',
      `Give "username" and "password" together; "${username === undefined ? 'username' : 'password'}" is missing`,
    );
  }
  if (username !== undefined) {
    if (username.includes(':')) throw new MlflowError('invalid', 'A username with a colon cannot be sent (RFC 7617)');
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  if (token === undefined) return undefined;
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new MlflowError('invalid', 'The token is empty, or has characters that no HTTP header takes, such as a line break');
  return `Bearer ${token}`;
}
