import { chunks } from './chunks.ts';
import { connectionFailure, wasRedirected, type NoAnswerKind } from './connection-failure.ts';
import { Deadline } from './deadline.ts';
import type { Send } from './send.ts';
import { streamedBody, type StreamedBody } from './streamed-body.ts';
import { unshared } from './unshared.ts';

export type HttpBody = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface HttpRequest {
  /** Who is asked, as errors name it: `MLflow at http://127.0.0.1:5000`. */
  server: string;
  /** What it is for, as errors name it: `runs/create`. */
  call: string;
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: HttpBody;
}

/** An answer whose status is not 2xx. */
export interface Refused {
  server: string;
  call: string;
  status: number;
  headers: Headers;
  /** Its body, or the beginning of it. */
  said: string;
}

/** The errors of a client, in its own words. */
export interface ClientErrors {
  /** No answer came. `message` is one line, whole. */
  noAnswer(kind: NoAnswerKind, message: string, cause: unknown): Error;
  refusal(refused: Refused): Error;
}

export interface HttpClientOptions {
  send: Send;
  /** How long nothing may happen, ms. */
  timeoutMs: number;
  /** What helps where the certificate of an authority is missing. */
  trustAdvice: string;
  /** In no message about a connection. */
  secrets?: readonly string[];
  errors: ClientErrors;
}

/** An answer of 2xx whose body is still to be read. `end` must be called after that. */
export interface OpenAnswer {
  response: Response;
  deadline: Deadline;
  /** The error to throw when reading the body fails. */
  failure(error: unknown): unknown;
  end(): void;
}

/** An answer of 2xx. */
export interface HttpAnswer {
  headers: Headers;
  body: Uint8Array;
}

/** A body that could be asked for again, after a redirect or for a login, is kept in memory while it is sent. */
const STREAMED = { duplex: 'half', redirect: 'error', window: null } as const;
/** Most of a refusal's body that is looked at, bytes. */
const LONGEST_REFUSAL = 65_536;

/**
 * Sends requests, and tells what becomes of them in a client's own errors. Redirects are not followed: what is sent is for one host alone. Nothing is
 * tried twice. All throw `ClientErrors`, the error of a body's own source, or the signal's reason.
 */
export class HttpClient {
  readonly #options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  /** How long nothing may happen, ms. */
  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Sends, and opens the answer. */
  async open(request: HttpRequest, signal?: AbortSignal): Promise<OpenAnswer> {
    signal?.throwIfAborted();
    const deadline = new Deadline(this.#options.timeoutMs, signal);
    try {
      const response = await this.#answer(request, deadline, signal);
      deadline.renew();
      if (!response.ok) throw await this.#refusal(request, response);
      const failure = (error: unknown): unknown => this.#failure(request, error, deadline, signal);
      return { response, deadline, failure, end: () => deadline.end() };
    } catch (error) {
      deadline.end();
      throw error;
    }
  }

  /** Sends, and reads the whole answer. */
  async ask(request: HttpRequest, signal?: AbortSignal): Promise<HttpAnswer> {
    const answer = await this.open(request, signal);
    return { headers: answer.response.headers, body: await bodyOf(answer) };
  }

  /** Sends, and reads the whole answer as text. */
  async text(request: HttpRequest, signal?: AbortSignal): Promise<string> {
    return textOf(await this.open(request, signal));
  }

  async #answer(request: HttpRequest, deadline: Deadline, signal: AbortSignal | undefined): Promise<Response> {
    const { method, url, headers = {}, body } = request;
    const streamed = isStream(body) ? streamedBody(body, deadline) : undefined;
    const init = { method, headers, redirect: 'manual', signal: deadline.signal } as const;
    try {
      return await this.#options.send(url, { ...init, ...sentBody(streamed?.chunks ?? body), ...(streamed && STREAMED) });
    } catch (error) {
      if (hasFailed(streamed)) throw streamed.failed.error;
      if (streamed === undefined || !wasRedirected(error)) throw this.#failure(request, error, deadline, signal);
      return this.#redirection(request, error, deadline, signal);
    }
  }

  /** The answer that says where a streamed body was sent on to. `fetch` keeps that from who wants no copy of it, so it is asked for without a body. */
  async #redirection(request: HttpRequest, cause: unknown, deadline: Deadline, signal: AbortSignal | undefined): Promise<Response> {
    const { server, call, url, headers = {} } = request;
    const { 'content-length': _length, 'content-type': _type, ...rest } = headers;
    const init = { method: 'HEAD', headers: rest, redirect: 'manual', signal: deadline.signal } as const;
    const answer = await this.#options.send(url, init).catch((error: unknown) => {
      throw this.#failure(request, error, deadline, signal);
    });
    if (answer.status >= 300 && answer.status < 400) return answer;
    throw this.#options.errors.noAnswer('protocol', `${server} answers ${call} with a redirect, which is not followed`, cause);
  }

  async #refusal({ server, call }: HttpRequest, response: Response): Promise<Error> {
    const { status, headers } = response;
    return this.#options.errors.refusal({ server, call, status, headers, said: await beginningOf(response) });
  }

  #failure({ server, call }: HttpRequest, error: unknown, deadline: Deadline, signal: AbortSignal | undefined): unknown {
    const { timeoutMs, errors } = this.#options;
    if (deadline.passed) return errors.noAnswer('timeout', `${server} did not answer ${call} within ${timeoutMs / 1_000} s`, error);
    if (signal?.aborted === true) return signal.reason;
    const { kind, message } = connectionFailure(server, error, this.#options);
    return errors.noAnswer(kind, message, error);
  }
}

/** Reads all that is left of an answer, and ends it. */
export async function textOf(answer: OpenAnswer): Promise<string> {
  return new TextDecoder().decode(await bodyOf(answer));
}

async function bodyOf({ response, deadline, failure, end }: OpenAnswer): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  try {
    for await (const chunk of chunks(response)) {
      deadline.renew();
      read.push(chunk);
    }
    return Buffer.concat(read);
  } catch (error) {
    throw failure(error);
  } finally {
    end();
  }
}

function isStream(body: HttpBody | undefined): body is AsyncIterable<Uint8Array> {
  return body !== undefined && typeof body !== 'string' && !ArrayBuffer.isView(body);
}

function sentBody(body: HttpBody | undefined): { body?: NonNullable<RequestInit['body']> } {
  if (body === undefined) return {};
  return { body: ArrayBuffer.isView(body) ? unshared(body) : (body as NonNullable<RequestInit['body']>) };
}

function hasFailed(streamed: StreamedBody | undefined): streamed is Required<StreamedBody> {
  return streamed?.failed !== undefined;
}

async function beginningOf(response: Response): Promise<string> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  // What was said is said, also when the connection broke in the middle of it.
  try {
    for await (const chunk of chunks(response)) {
      read.push(chunk);
      bytes += chunk.length;
      if (bytes >= LONGEST_REFUSAL) break;
    }
  } catch {
    return Buffer.concat(read).toString();
  }
  return Buffer.concat(read).toString();
}
