import type { GcsClient, GcsRequest, ObjectFacts } from './gcs-client.ts';
import { GcsFailure } from './gcs-failure.ts';

/** How long we try to give up an upload that failed, ms: GCS gives it up itself a week later. */
const ABANDON_MS = 2_000;
/** Requests in a row of which the server may keep nothing. */
const MAX_FRUITLESS = 3;

/**
 * An upload in parts; what is stored is seen when the last one has arrived. A part whose answer was lost is sent again, as Google's own client for Go
 * does it: what the server has of it already, it leaves out.
 */
export class ResumableUpload {
  readonly #client: GcsClient;
  readonly #session: URL;
  readonly #signal: AbortSignal;
  #at = 0;

  /** Nothing of it is seen. Throws `GcsFailure` or the signal's reason, as all its methods do. */
  static async begin(
    client: GcsClient,
    metadata: { contentType: string },
    query: Record<string, string | undefined>,
    signal: AbortSignal,
  ): Promise<ResumableUpload> {
    const { headers } = await client.send({
      method: 'POST',
      path: client.path(undefined, true),
      query: { uploadType: 'resumable', ...query },
      headers: { 'content-type': 'application/json', 'x-upload-content-type': metadata.contentType },
      body: JSON.stringify(metadata),
      signal,
    });
    const location = headers.get('location');
    if (location === null || !URL.canParse(location))
      throw new GcsFailure('not-gcs', `${client.asked.server} is no GCS server: it begins no resumable upload`);
    return new ResumableUpload(client, new URL(location), signal);
  }

  private constructor(client: GcsClient, session: URL, signal: AbortSignal) {
    this.#client = client;
    this.#session = session;
    this.#signal = signal;
  }

  /** A part that is not the last one: a multiple of 256 KiB. */
  async send(bytes: Uint8Array): Promise<void> {
    await this.#sendAll(bytes, '*', {});
  }

  /** The last part, with the CRC32C of all bytes in base64. The server makes the object, and checks the conditions it was begun with. */
  last(bytes: Uint8Array, crc32c: string): Promise<ObjectFacts | undefined> {
    return this.#sendAll(bytes, String(this.#at + bytes.byteLength), { 'x-goog-hash': `crc32c=${crc32c}` });
  }

  /** Has the server forget it, which nobody waits for. */
  abandon(): void {
    // Answered with 499, and when it is not, there is nothing more to do.
    this.#client.once({ method: 'DELETE', ...this.#to({}), signal: AbortSignal.timeout(ABANDON_MS) }).catch(() => undefined);
  }

  async #sendAll(bytes: Uint8Array, total: string, more: Record<string, string>): Promise<ObjectFacts | undefined> {
    const end = this.#at + bytes.byteLength;
    for (let fruitless = 0; ;) {
      const rest = bytes.subarray(bytes.byteLength - (end - this.#at));
      const { headers, json } = await this.#client.send<ObjectFacts>({
        method: 'PUT',
        ...this.#to({ 'content-range': `bytes ${this.#at}-${end - 1}/${total}`, ...more }),
        body: rest,
        signal: this.#signal,
      });
      if (headers.get('x-http-status-code-override') !== '308') {
        if (total !== '*') return json;
        throw this.#confused();
      }
      const kept = Number(/-(\d+)$/.exec(headers.get('range') ?? '')?.[1] ?? -1) + 1;
      if (kept < this.#at || kept > end) throw this.#confused();
      if (kept === end && total === '*') {
        this.#at = end;
        return undefined;
      }
      if (kept === this.#at && ++fruitless >= MAX_FRUITLESS) throw this.#confused();
      this.#at = kept;
    }
  }

  /** At the server that is asked for everything else. */
  #to(headers: Record<string, string>): Pick<GcsRequest, 'path' | 'query' | 'headers'> {
    const { pathname, searchParams } = this.#session;
    // fetch takes 308, which says that more is to come, for a redirection.
    return { path: pathname, query: Object.fromEntries(searchParams), headers: { 'x-guploader-no-308': 'yes', ...headers } };
  }

  #confused(): GcsFailure {
    return new GcsFailure('refused', `${this.#client.asked.server} has other bytes of the upload than it was sent`);
  }
}
