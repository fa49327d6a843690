import { chunks, untilAborted, type OpenAnswer } from '@mortise/http-client';

import type { Rest } from '../http/rest.ts';
import { isMlflowError } from '../mlflow-error.ts';
import { artifactFile, type ArtifactFile } from './artifact-listing.ts';
import { encodedArtifactPath } from './artifact-path.ts';
import { multipartUpload } from './multipart-upload.ts';
import { refuseWebPage } from './no-web-page.ts';
import { sizedBody } from './sized-body.ts';

export interface ArtifactPutOptions {
  /** Bytes of `body`, which is refused if it has others. Known for a Uint8Array; needed for a multipart upload of a stream. */
  size?: number;
  signal?: AbortSignal;
}

export interface ArtifactGetOptions {
  /** First byte, inclusive. Default 0. */
  from?: number;
  /** Last byte, exclusive. Default: the end. */
  to?: number;
  signal?: AbortSignal;
}

export interface MultipartOptions {
  multipartThreshold: number;
  partSize: number;
}

/**
 * Files behind the server's artifact proxy. Paths are relative to its root, segments by `/`. Refused are `.`, `..`, empty segments, and what MLflow
 * would not take or keep under another name: `#`, control characters, escapes such as `%20`, an end in `?` or `;`, names of more than 255 bytes.
 */
export class ArtifactsClient {
  readonly #rest: Rest;
  readonly #multipart: MultipartOptions;
  #hasMultipart = true;

  constructor(rest: Rest, multipart: MultipartOptions) {
    this.#rest = rest;
    this.#multipart = multipart;
  }

  /** All or nothing: a body that breaks off leaves no artifact. Replaces one that is there. */
  async put(path: string, body: Uint8Array | AsyncIterable<Uint8Array>, options: ArtifactPutOptions = {}): Promise<void> {
    const encoded = encodedArtifactPath(path);
    const { signal, size = ArrayBuffer.isView(body) ? body.byteLength : undefined } = options;
    if (size !== undefined && (await this.#putInParts(encoded, path, body, size, signal))) return;
    const sent = size === undefined || ArrayBuffer.isView(body) ? body : sizedBody(body, size);
    const headers = { 'content-type': 'application/octet-stream', ...(size !== undefined && { 'content-length': String(size) }) };
    const { response, end } = await this.#open('PUT', encoded, path, { headers, body: sent }, signal);
    await response.body?.cancel();
    end();
  }

  /** Fails at the first chunk when there is none: with kind `not-found`, or `server` if the server keeps artifacts in a bucket. */
  async *get(path: string, { from = 0, to, signal }: ArtifactGetOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const encoded = encodedArtifactPath(path);
    if (to !== undefined && to <= from) return;
    const isRange = from > 0 || to !== undefined;
    const headers = { 'accept-encoding': 'identity', ...(isRange && { range: `bytes=${from}-${to === undefined ? '' : to - 1}` }) };
    const answer = await this.#open('GET', encoded, path, { headers }, signal).catch(emptyRange);
    if (answer === undefined) return;
    const { response, deadline, failure, end } = answer;
    // A server that knows no ranges sends all.
    let at = response.status === 206 ? from : 0;
    try {
      for await (const chunk of chunks(response)) {
        const bytes = chunk.subarray(Math.max(0, from - at), to === undefined ? undefined : Math.max(0, to - at));
        at += chunk.length;
        deadline.pause();
        if (bytes.length > 0) yield bytes;
        if (to !== undefined && at >= to) return;
        deadline.renew();
      }
    } catch (error) {
      throw failure(error);
    } finally {
      end();
    }
  }

  /**
   * Size in bytes, and when it was written if the server tells, ms since the epoch. Exact and cheap when the server keeps artifacts in a folder. With a
   * bucket behind it the server fetches the whole artifact to tell, and fails (kind `server`) for what is not there; `list` is true of both.
   */
  async stat(path: string, { signal }: { signal?: AbortSignal } = {}): Promise<{ size: number; modifiedAt?: number } | undefined> {
    try {
      const { response, end } = await this.#open(
        'HEAD',
        encodedArtifactPath(path),
        path,
        { headers: { 'accept-encoding': 'identity' } },
        signal,
      );
      end();
      const modifiedAt = Date.parse(response.headers.get('last-modified') ?? '');
      return { size: Number(response.headers.get('content-length')), ...(!Number.isNaN(modifiedAt) && { modifiedAt }) };
    } catch (error) {
      // Answers to HEAD say no more than their status; 400 is a folder's.
      if (isMlflowError(error) && (error.status === 404 || error.status === 400)) return undefined;
      throw error;
    }
  }

  /** Files and folders in a folder, by name; none when there is no such folder. */
  async list(path = '', { signal }: { signal?: AbortSignal } = {}): Promise<ArtifactFile[]> {
    if (path !== '') encodedArtifactPath(path);
    const answer = await this.#rest.artifacts('GET', 'artifacts', { path: path === '' ? undefined : path }, undefined, signal);
    return answer.objects('files').map(artifactFile);
  }

  /** A file, or a folder with all in it. Deleting what is not there is no error. */
  async delete(path: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#rest.artifacts('DELETE', `artifacts/${encodedArtifactPath(path)}`, {}, undefined, signal);
  }

  /** False, with the body untouched, when it is too small for parts or the server has none. */
  async #putInParts(
    encoded: string,
    path: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    size: number,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const { multipartThreshold, partSize } = this.#multipart;
    const slash = path.lastIndexOf('/');
    if (!this.#hasMultipart || size === 0 || size < multipartThreshold || slash === -1) return false;
    const upload = { folder: encoded.slice(0, encoded.lastIndexOf('/')), name: path.slice(slash + 1), size, partSize };
    const stream = ArrayBuffer.isView(body) ? whole(body) : body;
    this.#hasMultipart = await multipartUpload(this.#rest, upload, sizedBody(untilAborted(stream, signal), size), signal);
    return this.#hasMultipart;
  }

  async #open(
    method: 'GET' | 'HEAD' | 'PUT',
    encoded: string,
    path: string,
    sent: { headers: Record<string, string>; body?: Uint8Array | AsyncIterable<Uint8Array> },
    signal?: AbortSignal,
  ): Promise<OpenAnswer> {
    const { connection } = this.#rest;
    const url = `${connection.trackingUri}/api/2.0/mlflow-artifacts/artifacts/${encoded}`;
    const call = `artifact ${path}`;
    const answer = await connection.open({ method, url, call, ...sent }, signal);
    try {
      refuseWebPage(connection.server, call, answer.response);
      return answer;
    } catch (error) {
      await answer.response.body?.cancel();
      answer.end();
      throw error;
    }
  }
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** A range that begins at the end or after it is empty. */
function emptyRange(error: unknown): undefined {
  if (isMlflowError(error) && error.status === 416) return undefined;
  throw error;
}
