import { queryOf, type Query } from '@mortise/http-client';

import { isMlflowError, MlflowError } from '../mlflow-error.ts';
import { Answer } from './answer.ts';
import type { Connection, Request } from './connection.ts';
import { refuseUnlessWellFormed } from './well-formed.ts';

/** Calls of MLflow's REST API 2.0: JSON there, JSON back. */
export class Rest {
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  get(route: string, query: Query, signal?: AbortSignal): Promise<Answer> {
    return this.#call('GET', `api/2.0/mlflow/${route}`, query, undefined, signal);
  }

  /** A body that is text already is well-formed, as its maker has seen to. */
  post(route: string, body: object | string, signal?: AbortSignal): Promise<Answer> {
    return this.#call('POST', `api/2.0/mlflow/${route}`, {}, body, signal);
  }

  patch(route: string, body: object, signal?: AbortSignal): Promise<Answer> {
    return this.#call('PATCH', `api/2.0/mlflow/${route}`, {}, body, signal);
  }

  delete(route: string, body: object, signal?: AbortSignal): Promise<Answer> {
    return this.#call('DELETE', `api/2.0/mlflow/${route}`, {}, body, signal);
  }

  /** A call of the artifact proxy. */
  artifacts(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    query: Query,
    body: object | undefined,
    signal?: AbortSignal,
  ): Promise<Answer> {
    return this.#call(method, `api/2.0/mlflow-artifacts/${path}`, query, body, signal);
  }

  /** What one of the server's plain pages says. */
  async text(path: string, signal?: AbortSignal): Promise<string> {
    return this.connection.text({ method: 'GET', url: `${this.connection.trackingUri}/${path}`, call: path }, signal);
  }

  async #call(
    method: Request['method'],
    path: string,
    query: Query,
    body: object | string | undefined,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const call = path.replace(/^api\/2\.0\/(mlflow\/)?/, '');
    refuseUnlessWellFormed(call, query);
    if (typeof body === 'object') refuseUnlessWellFormed(call, body);
    const sent = typeof body === 'object' ? JSON.stringify(body) : body;
    const headers = { accept: 'application/json', ...(sent !== undefined && { 'content-type': 'application/json' }) };
    const url = `${this.connection.trackingUri}/${path}${queryOf(query)}`;
    const text = await this.connection.text({ method, url, headers, call, ...(sent !== undefined && { body: sent }) }, signal);
    try {
      return new Answer(JSON.parse(text));
    } catch (cause) {
      throw new MlflowError(
        'protocol',
        `${this.connection.server} answered ${call} with something else than JSON. Is it an MLflow tracking server? (200)`,
        {
          status: 200,
          cause,
        },
      );
    }
  }
}

/** What a lookup found; undefined when the server does not have it. */
export async function found<T>(lookup: Promise<T>): Promise<T | undefined> {
  try {
    return await lookup;
  } catch (error) {
    if (isMlflowError(error) && error.kind === 'not-found') return undefined;
    throw error;
  }
}
