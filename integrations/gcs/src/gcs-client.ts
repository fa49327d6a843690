import { unshared } from '@mortise/http-client';
import { Slots } from '@mortise/object-storage';
import { GOOGLE, type Access } from './access.ts';
import { failureOfConnection, failureOfStatus, noBucket, type Asked } from './failure-of.ts';
import { GcsFailure, isGcsFailure } from './gcs-failure.ts';
import { retrying } from './retrying.ts';

/** At once. Those beyond wait here, where no time limit runs. */
const REQUESTS = 64;
/** A request gets a second more for so many bytes of its body. */
const BYTES_PER_SECOND = 64 * 1024;

/** What GCS tells of an object, as far as it was asked. Numbers are texts. */
export interface ObjectFacts {
  name: string;
  size: string;
  updated: string;
  generation: string;
  crc32c?: string;
  metadata?: Record<string, string>;
}
export const FACTS = 'name,size,updated,generation,crc32c,metadata';

export interface GcsRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the endpoint, as `/storage/v1/b/BUCKET/o`; parts of it are escaped. */
  path: string;
  query?: Record<string, string | undefined>;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
  signal: AbortSignal;
}

export interface Reading {
  /** First byte. */
  from: number;
  /** Behind the last byte; undefined for the end. */
  to: number | undefined;
  /** Of the object that is wanted, and no other. */
  generation: string | undefined;
  signal: AbortSignal;
}

export interface OpenObject {
  generation: string;
  /** Bytes that are to come. */
  size: number;
  body: AsyncIterable<Uint8Array>;
}

/**
 * Requests to the JSON API about one bucket. The SDK gives tokens; the requests are ours, because its own cannot be stopped, have no time limit, and
 * a download that is left in the middle cuts off all others of the process.
 */
export class GcsClient {
  readonly asked: Asked;
  readonly #base: string;
  readonly #access: Access;
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;
  readonly #slots = new Slots(REQUESTS);
  /** Whether the bucket was seen: until then an object that is not there may mean that there is no bucket. */
  #seen = false;

  constructor(access: Access, options: { bucket: string; endpoint: string | undefined; fetch: typeof fetch; timeoutMs: number }) {
    const { bucket, endpoint } = options;
    this.#access = access;
    this.#base = (endpoint ?? GOOGLE).replace(/\/+$/, '');
    this.#fetch = options.fetch;
    this.#timeoutMs = options.timeoutMs;
    const server = endpoint === undefined ? 'Google Cloud Storage' : new URL(endpoint).host;
    this.asked = { bucket, server, anonymous: access.anonymous };
  }

  /** Path of an object, or of all. */
  path(object?: string, upload = false): string {
    const all = `${upload ? '/upload' : ''}/storage/v1/b/${this.asked.bucket}/o`;
    return object === undefined ? all : `${all}/${encodeURIComponent(object)}`;
  }

  /** Sends it until it is answered. Throws `GcsFailure` or the signal's reason. */
  send<T>(request: GcsRequest): Promise<{ headers: Headers; json: T | undefined }> {
    return retrying(() => this.once<T>(request), request.signal);
  }

  /** Sends it one time. */
  async once<T>(request: GcsRequest): Promise<{ headers: Headers; json: T | undefined }> {
    const ms = this.#timeoutMs + ((request.body?.length ?? 0) / BYTES_PER_SECOND) * 1000;
    return this.#slots.run(async () => {
      const limit = new TimeLimit(ms, request.signal, this.asked);
      try {
        const { headers, text } = await this.#answer(request, limit);
        return { headers, json: this.#json<T>(text) };
      } finally {
        limit.end();
      }
    }, request.signal);
  }

  /** A page of the bucket's objects. */
  async list(query: GcsRequest['query'], signal: AbortSignal): Promise<{ items?: ObjectFacts[]; nextPageToken?: string }> {
    const request = { path: this.path(), signal, ...(query !== undefined && { query }) };
    const { json } = await this.send<{ items?: ObjectFacts[]; nextPageToken?: string }>(request).catch((error: unknown) => {
      throw isGcsFailure(error, 'not-found') ? noBucket(this.asked) : error;
    });
    return json ?? {};
  }

  /** Whether there is such an object. */
  async facts(object: string, signal: AbortSignal): Promise<ObjectFacts | undefined> {
    try {
      return (await this.send<ObjectFacts>({ path: this.path(object), query: { fields: FACTS }, signal })).json;
    } catch (error) {
      await this.unlessMissing(error, signal);
      return undefined;
    }
  }

  /** Throws what failed, unless it was that an object is not there in a bucket that is. */
  async unlessMissing(error: unknown, signal: AbortSignal): Promise<void> {
    if (!isGcsFailure(error, 'not-found')) throw error;
    if (this.#seen) return;
    await this.list({ maxResults: '1', fields: 'nextPageToken' }, signal).catch((failure: unknown) => {
      // Whoever may read objects may not be allowed to list them.
      if (!isGcsFailure(failure, 'denied')) throw failure;
    });
  }

  /** Opens an object. Failures: `not-found`, `bad-range` (it begins behind the end). */
  open(object: string, { from, to, generation, signal }: Reading): Promise<OpenObject> {
    const range = from === 0 && to === undefined ? undefined : `bytes=${from}-${to === undefined ? '' : to - 1}`;
    // What is packed on the way has another length.
    const headers = { 'accept-encoding': 'identity', ...(range !== undefined && { range }) };
    const request = { path: this.path(object), query: { alt: 'media', generation }, headers, signal };
    const open = async (): Promise<OpenObject> => {
      const limit = new TimeLimit(this.#timeoutMs, signal, this.asked);
      try {
        const answer = await this.#response(request, limit);
        const found = answer.headers.get('x-goog-generation');
        const size = answer.headers.get('content-length');
        if (found === null || size === null) throw this.#notGcs('it gives an object without its generation or its length');
        if (range !== undefined && answer.status !== 206) throw this.#notGcs('it does not know ranges');
        return { generation: found, size: Number(size), body: this.#chunks(answer, limit) };
      } catch (error) {
        limit.end();
        throw error;
      }
    };
    return retrying(() => this.#slots.run(open, signal), signal);
  }

  async *#chunks({ body }: Response, limit: TimeLimit): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (body === null) return;
      for await (const chunk of body) {
        // However long the chunk is kept, that is not the server's silence.
        limit.end();
        yield chunk;
        limit.renew();
      }
    } catch (error) {
      throw isGcsFailure(error) ? error : limit.failure(error);
    } finally {
      limit.end();
    }
  }

  async #answer(request: GcsRequest, limit: TimeLimit): Promise<{ headers: Headers; text: string }> {
    const answer = await this.#response(request, limit);
    try {
      return { headers: answer.headers, text: await answer.text() };
    } catch (error) {
      throw limit.failure(error);
    }
  }

  /** An answer that is what was asked for, its body not yet read. */
  async #response({ method = 'GET', path, query = {}, headers, body, signal }: GcsRequest, limit: TimeLimit): Promise<Response> {
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const credentials = await this.#access.headers(signal);
    let text: string;
    let status: number;
    try {
      const answer = await this.#fetch(url, {
        method,
        headers: { ...headers, ...credentials },
        ...(body !== undefined && { body: typeof body === 'string' ? body : unshared(body) }),
        redirect: 'manual',
        signal: limit.signal,
      });
      if (answer.ok) {
        this.#seen = true;
        return answer;
      }
      status = answer.status;
      text = await answer.text();
    } catch (error) {
      throw limit.failure(error);
    }
    throw failureOfStatus(status, text, this.asked);
  }

  #json<T>(text: string): T | undefined {
    if (text === '') return undefined;
    try {
      return JSON.parse(text) as T;
    } catch {
      throw this.#notGcs('its answer is not JSON');
    }
  }

  #notGcs(what: string): GcsFailure {
    return new GcsFailure('not-gcs', `${this.asked.server} is no GCS server: ${what}`);
  }
}

/** Stops a request that the caller stops, or whose server is silent for too long. */
class TimeLimit {
  readonly signal: AbortSignal;
  readonly #stop = new AbortController();
  readonly #caller: AbortSignal;
  readonly #asked: Asked;
  readonly #ms: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, caller: AbortSignal, asked: Asked) {
    this.#caller = caller;
    this.#asked = asked;
    this.signal = AbortSignal.any([caller, this.#stop.signal]);
    this.#ms = ms;
    this.renew();
  }

  renew(): void {
    this.end();
    this.#timer = setTimeout(() => this.#stop.abort(), this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  /** Why fetch failed. */
  failure(error: unknown): unknown {
    if (this.#caller.aborted) return this.#caller.reason;
    if (this.#stop.signal.aborted) return new GcsFailure('timeout', `${this.#asked.server} did not answer in time`);
    return failureOfConnection(error, this.#asked);
  }
}
