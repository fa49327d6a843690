import { isError, Permanent } from '@mortise/core';
import type { HttpAnswer, HttpClient, HttpRequest } from '@mortise/http-client';

import { accessToken, isExpired, type AccessToken } from './access-token.ts';
import { strangeAnswer } from './http-failure.ts';
import { neptuneHttp, type NeptuneHttpOptions } from './neptune-http.ts';
import { SharedCall } from './shared-call.ts';

/** Talks with one Neptune: is let in with the API token, and again when what that is exchanged for ends. */
export class NeptuneSession {
  readonly http: HttpClient;
  readonly #server: string;
  readonly #apiToken: string;
  /** Address of the pages that people see. */
  #pages: string | undefined;
  #token: AccessToken | undefined;
  readonly #entering = new SharedCall((signal) => this.#letIn(signal));
  /** What no message may hold. */
  readonly #secrets: string[];

  constructor({ server, apiToken }: { server: string; apiToken: string }, http: Omit<NeptuneHttpOptions, 'secrets'>) {
    this.#secrets = [apiToken];
    this.http = neptuneHttp({ ...http, secrets: this.#secrets });
    this.#server = server;
    this.#apiToken = apiToken;
  }

  /** As errors name it. */
  get server(): string {
    return `Neptune at ${this.#server}`;
  }

  /** Lets us in, unless we are. Gives the address of the pages. */
  async enter(signal: AbortSignal): Promise<string> {
    await this.#entered(signal);
    return this.#pages!;
  }

  /** Asks with a token that is renewed when it ends, also when the server says so before its time. */
  async ask(
    request: Pick<HttpRequest, 'call' | 'method' | 'headers'> & { path: string; body?: Uint8Array | string },
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const { path, headers, ...rest } = request;
    const send = async (token: AccessToken): Promise<HttpAnswer> => {
      const authorization = { authorization: `Bearer ${token.value}` };
      const whole = { ...rest, server: this.server, url: `${this.#server}${path}`, headers: { ...headers, ...authorization } };
      return this.http.ask(whole, signal);
    };
    const token = await this.#entered(signal);
    try {
      return await send(token);
    } catch (error) {
      if (!isError(error, Permanent) || !/ with 401\b/.test(error.message)) throw error;
      if (this.#token === token) this.#token = undefined;
      return send(await this.#entered(signal));
    }
  }

  async #entered(signal: AbortSignal): Promise<AccessToken> {
    if (this.#token !== undefined && !isExpired(this.#token)) return this.#token;
    return this.#entering.result(signal);
  }

  async #letIn(signal: AbortSignal): Promise<AccessToken> {
    this.#pages ??= await this.#askForPages(signal);
    this.#token = undefined;
    return (this.#token = await this.#exchanged(signal));
  }

  async #askForPages(signal: AbortSignal): Promise<string> {
    const call = 'clients/config';
    const { applicationUrl, security } = await this.#json(
      { call, method: 'GET', url: `${this.#server}/api/backend/v1/clients/config` },
      signal,
    );
    if (typeof security !== 'object' || security === null) throw strangeAnswer(this.server, call);
    return typeof applicationUrl === 'string' && URL.canParse(applicationUrl) ? applicationUrl.replace(/\/+$/, '') : this.#server;
  }

  /**
   * The API token, for one that lets us in for a while. When that ends it is exchanged anew: the refresh token that comes with it, which the Python client then sends
   * in the body of a request to a server that another names, is not used.
   */
  async #exchanged(signal: AbortSignal): Promise<AccessToken> {
    const url = `${this.#server}/api/backend/v1/authorization/oauth-token`;
    const headers = { 'X-Neptune-Api-Token': this.#apiToken };
    const answer = await this.#json({ call: 'oauth-token', method: 'GET', url, headers }, signal);
    const token = accessToken(answer['accessToken']);
    if (token === undefined) throw strangeAnswer(this.server, 'oauth-token');
    this.#secrets.push(token.value);
    return token;
  }

  async #json(request: Omit<HttpRequest, 'server'>, signal: AbortSignal): Promise<Record<string, unknown>> {
    const { body } = await this.http.ask({ ...request, server: this.server }, signal);
    return jsonObject(body, this.server, request.call);
  }
}

/** Throws `Transient` for what is no JSON object. */
export function jsonObject(bytes: Uint8Array, server: string, call: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw strangeAnswer(server, call, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw strangeAnswer(server, call);
  return value as Record<string, unknown>;
}
