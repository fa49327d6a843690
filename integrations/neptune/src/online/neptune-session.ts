import { isError, Permanent } from '@mortise/core';
import type { HttpAnswer, HttpClient, HttpRequest } from '@mortise/http-client';

import { accessTokens, isExpired, type AccessTokens } from './access-token.ts';
import { strangeAnswer } from './http-failure.ts';
import { neptuneHttp, type NeptuneHttpOptions } from './neptune-http.ts';

interface Discovery {
  /** Of the pages that people see. */
  applicationUrl: string;
  clientId: string;
  tokenEndpoint: string;
}

/** Talks with one Neptune: finds out how it lets us in, and is let in again when that ends. */
export class NeptuneSession {
  readonly http: HttpClient;
  readonly #server: string;
  readonly #apiToken: string;
  #discovery: Discovery | undefined;
  #tokens: AccessTokens | undefined;
  /** Many ask at once, one is let in for all. */
  #entering: Promise<AccessTokens> | undefined;

  constructor({ server, apiToken }: { server: string; apiToken: string }, http: NeptuneHttpOptions) {
    this.http = neptuneHttp(http);
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
    return this.#discovery!.applicationUrl;
  }

  /** Asks with a token that is renewed when it ends, also when the server says so before its time. */
  async ask(
    request: Pick<HttpRequest, 'call' | 'method' | 'headers'> & { path: string; body?: Uint8Array | string },
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const { path, headers, ...rest } = request;
    const send = async (tokens: AccessTokens): Promise<HttpAnswer> => {
      const authorization = { authorization: `Bearer ${tokens.access}` };
      const whole = { ...rest, server: this.server, url: `${this.#server}${path}`, headers: { ...headers, ...authorization } };
      return this.http.ask(whole, signal);
    };
    const tokens = await this.#entered(signal);
    try {
      return await send(tokens);
    } catch (error) {
      if (!isError(error, Permanent) || !/ with 401\b/.test(error.message)) throw error;
      if (this.#tokens === tokens) this.#tokens = { ...tokens, expiresAt: 0 };
      return send(await this.#entered(signal));
    }
  }

  #entered(signal: AbortSignal): Promise<AccessTokens> {
    if (this.#tokens !== undefined && !isExpired(this.#tokens)) return Promise.resolve(this.#tokens);
    // One that another caller gave up is not ours.
    const entering = this.#entering?.catch(() => this.#letIn(signal)) ?? this.#letIn(signal);
    this.#entering = entering;
    const over = (): void => {
      if (this.#entering === entering) this.#entering = undefined;
    };
    entering.then(over, over);
    return entering;
  }

  async #letIn(signal: AbortSignal): Promise<AccessTokens> {
    this.#discovery ??= await this.#discover(signal);
    const renewed = this.#tokens === undefined ? undefined : await this.#renewed(this.#tokens, this.#discovery, signal);
    this.#tokens = undefined;
    return (this.#tokens = renewed ?? (await this.#exchanged(signal)));
  }

  async #discover(signal: AbortSignal): Promise<Discovery> {
    const config = await this.#json(
      { call: 'clients/config', method: 'GET', url: `${this.#server}/api/backend/v1/clients/config` },
      signal,
    );
    const { clientId, openIdDiscovery } = (config['security'] ?? {}) as { clientId?: unknown; openIdDiscovery?: unknown };
    if (typeof openIdDiscovery !== 'string' || !URL.canParse(openIdDiscovery)) throw strangeAnswer(this.server, 'clients/config');
    const endpoints = await this.#json({ call: 'the discovery of OpenID', method: 'GET', url: openIdDiscovery }, signal);
    const tokenEndpoint = endpoints['token_endpoint'];
    if (typeof tokenEndpoint !== 'string' || !URL.canParse(tokenEndpoint)) throw strangeAnswer(this.server, 'the discovery of OpenID');
    const { applicationUrl } = config;
    const pages = typeof applicationUrl === 'string' && URL.canParse(applicationUrl) ? applicationUrl.replace(/\/+$/, '') : this.#server;
    return { applicationUrl: pages, clientId: typeof clientId === 'string' ? clientId : '', tokenEndpoint };
  }

  async #exchanged(signal: AbortSignal): Promise<AccessTokens> {
    const url = `${this.#server}/api/backend/v1/authorization/oauth-token`;
    const headers = { 'X-Neptune-Api-Token': this.#apiToken };
    const answer = await this.#json({ call: 'oauth-token', method: 'GET', url, headers }, signal);
    const tokens = accessTokens(answer['accessToken'], answer['refreshToken']);
    if (tokens === undefined) throw strangeAnswer(this.server, 'oauth-token');
    return tokens;
  }

  /** Undefined when the refresh token is not taken any more: the API token is. */
  async #renewed(
    { refresh, expiresAt = 0 }: AccessTokens,
    { clientId, tokenEndpoint }: Discovery,
    signal: AbortSignal,
  ): Promise<AccessTokens | undefined> {
    if (refresh === '') return undefined;
    const left = String(Math.floor((expiresAt - Date.now()) / 1_000));
    const form = { grant_type: 'refresh_token', refresh_token: refresh, client_id: clientId, expires_in: left };
    try {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const body = new URLSearchParams(form).toString();
      const answer = await this.#json({ call: 'the refresh of its token', method: 'POST', url: tokenEndpoint, headers, body }, signal);
      return accessTokens(answer['access_token'], answer['refresh_token']);
    } catch (error) {
      if (isError(error, Permanent)) return undefined;
      throw error;
    }
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
