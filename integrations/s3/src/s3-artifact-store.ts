import { randomUUID } from 'node:crypto';

import { type ArtifactStore, type ArtifactStoreCapabilities, type Logger, type PutOptions, type StoredObject } from '@mortise/core';
import { checkByWriting, type Explanation } from '@mortise/object-storage';

import { Background } from './background.ts';
import { BodyFailed, type Body } from './body-reader.ts';
import type { BucketClient } from './bucket-client.ts';
import { explained } from './explain.ts';
import { abortLeftovers } from './leftovers.ts';
import { PartMemory } from './part-memory.ts';
import { putBody } from './put-body.ts';
import type { PutContext } from './put.ts';
import { readObject } from './read-object.ts';
import { isS3Failure, S3Failure } from './s3-failure.ts';
import { objectKey, uriOf, type S3Place } from './s3-place.ts';

/** Most that S3 lists or deletes in one request. */
const BATCH = 1000;
/** Whoever waits for a check would rather hear soon why it fails. */
const CHECK_TRIES = 2;
/** Of signatures of AWS (version 4), s. */
const LONGEST_PRESIGN = 7 * 24 * 60 * 60;

export interface S3StoreOptions {
  /** Of the component, for messages. */
  name: string;
  id: string;
  place: S3Place;
  /** Bytes. */
  partSize: number;
  /** Parts of one upload that are on their way at once. */
  maxConcurrency: number;
  log: Logger;
}

/** Artifacts as objects of a bucket, their keys below a prefix. */
export class S3ArtifactStore implements ArtifactStore {
  readonly capabilities: ArtifactStoreCapabilities = { createOnly: 'atomic', range: true, reach: 'network', presign: true };
  readonly id: string;
  readonly #bucket: BucketClient;
  readonly #options: S3StoreOptions;
  readonly #background = new Background();
  readonly #puts: PutContext;
  readonly #stop = new AbortController();
  #cleaned = false;

  constructor(bucket: BucketClient, options: S3StoreOptions) {
    this.id = options.id;
    this.#bucket = bucket;
    this.#options = options;
    const { partSize, maxConcurrency } = options;
    this.#puts = { partSize, maxConcurrency, memory: new PartMemory(partSize, maxConcurrency), background: this.#background };
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<{ size: number; sha256: string }> {
    const object = this.#object(key);
    options.signal?.throwIfAborted();
    try {
      const { size, sha256, inParts } = await putBody(this.#bucket, object, body, options, this.#puts);
      if (inParts) this.#clean();
      return { size, sha256 };
    } catch (error) {
      throw error instanceof BodyFailed ? error.cause : this.#explained({ doing: `to write ${key}`, key }, error);
    }
  }

  async *get(key: string, options: { from?: number; to?: number; signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { from = 0, to, signal } = options;
    const object = this.#object(key);
    signal?.throwIfAborted();
    try {
      if (to !== undefined && to <= from) {
        if ((await this.#bucket.head(object, signal)) === undefined) throw new S3Failure('not-found', 'there is no such object');
        return;
      }
      yield* readObject(this.#bucket, object, { from: Math.max(0, from), to, ...(signal !== undefined && { signal }) });
    } catch (error) {
      throw this.#explained({ doing: `to read ${key}`, key }, error);
    }
  }

  async stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
    const object = this.#object(key);
    try {
      const facts = await this.#bucket.head(object, undefined);
      return facts && { size: facts.size, modifiedAt: facts.modifiedAt };
    } catch (error) {
      throw this.#explained({ doing: `to look at ${key}`, key }, error);
    }
  }

  async list(prefix: string, options: { after?: string; limit?: number } = {}): Promise<{ items: StoredObject[]; next?: string }> {
    const { after = '', limit = BATCH } = options;
    const ours = this.#options.place.prefix;
    const items: StoredObject[] = [];
    let last = after;
    try {
      for (let more = true; more && items.length < limit;) {
        const page = await this.#bucket.list(ours + prefix, {
          limit: Math.min(BATCH, limit - items.length),
          ...(last !== '' && { after: ours + last }),
        });
        for (const item of page.items) items.push({ ...item, key: item.key.slice(ours.length) });
        last = items.at(-1)?.key ?? last;
        more = page.more && page.items.length > 0;
        if (more && items.length === limit) return { items, next: last };
      }
    } catch (error) {
      throw this.#explained({ doing: `to list "${prefix}"` }, error);
    }
    return { items };
  }

  async delete(keys: readonly string[]): Promise<void> {
    const objects = [...new Set(keys.map((key) => this.#object(key)))];
    let refused: Error | undefined;
    try {
      for (let at = 0; at < objects.length; at += BATCH)
        await this.#bucket.delete(objects.slice(at, at + BATCH)).catch((error: unknown) => {
          // One that cannot be deleted keeps no other, as a server that cannot be asked does.
          if (!isS3Failure(error, 'denied', 'refused')) throw error;
          refused ??= error;
        });
      if (refused !== undefined) throw refused;
    } catch (error) {
      throw this.#explained({ doing: `to delete ${keys.length === 1 ? keys[0] : `${keys.length} objects`}` }, error);
    }
  }

  uri(key: string): string {
    return uriOf(this.#options.place, this.#object(key));
  }

  /** A URL that works for so many seconds, a week at most; less with temporary credentials, which end it when they expire. */
  async presign(key: string, seconds: number): Promise<string> {
    const object = this.#object(key);
    try {
      if (!(seconds >= 1 && seconds <= LONGEST_PRESIGN))
        throw new S3Failure('refused', `a URL can be signed for 1 to ${LONGEST_PRESIGN} seconds (a week), not for ${seconds}`);
      return await this.#bucket.presign(object, Math.floor(seconds));
    } catch (error) {
      throw this.#explained({ doing: `to sign a URL of ${key}`, key }, error);
    }
  }

  /** Writes a small object, sees that it is not written again, lists it, reads it and takes it away. */
  async check(signal: AbortSignal): Promise<void> {
    const key = `mortise-check-${randomUUID()}`;
    const object = this.#object(key);
    const bucket = this.#bucket.withTries(CHECK_TRIES);
    const write = (): Promise<unknown> => putBody(bucket, object, Buffer.from(key), { createOnly: true, signal }, this.#puts);
    const look = (): Promise<void> => checkObject(bucket, object, write, signal);
    try {
      await checkByWriting({ write, look, remove: (within) => bucket.delete([object], within) }, signal);
    } catch (error) {
      throw this.#explained({ doing: `its check in ${uriOf(this.#options.place, this.#options.place.prefix)}` }, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#background.done();
    this.#bucket.close();
  }

  #object(key: string): string {
    return objectKey(this.#options.place, key);
  }

  /** Once, when an upload in parts has shown that there is such work here at all. Nobody waits for it, and where it is not allowed it is left. */
  #clean(): void {
    const { place, log } = this.#options;
    // Without a prefix of our own, uploads in the bucket may be anybody's.
    if (this.#cleaned || place.prefix === '') return;
    this.#cleaned = true;
    this.#background.add(
      abortLeftovers(this.#bucket, place.prefix, this.#stop.signal).then(
        (count) =>
          count > 0
            ? log.info(`${count} unfinished uploads of killed processes were aborted`, { place: uriOf(place, place.prefix) })
            : undefined,
        (error: unknown) =>
          this.#stop.signal.aborted ? undefined : log.debug('unfinished uploads cannot be looked for', { reason: String(error) }),
      ),
    );
  }

  #explained(what: Pick<Explanation, 'doing' | 'key'>, error: unknown): unknown {
    const { name, place } = this.#options;
    return explained({ ...what, store: name, where: what.key === undefined ? undefined : uriOf(place, objectKey(place, what.key)) }, error);
  }
}

/** That of an object which was just put. */
async function checkObject(bucket: BucketClient, object: string, putAgain: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  const again = await putAgain().then(
    () =>
      new S3Failure('not-s3', 'it overwrites an object although "If-None-Match: *" forbids it: of several writers more than one would win'),
    (error: unknown) => error,
  );
  if (!isS3Failure(again, 'exists')) throw again;
  const { items } = await bucket.list(object, { limit: 1, signal });
  if (items[0]?.key !== object) throw new S3Failure('not-s3', 'an object that was just written is not listed');
  for await (const _ of readObject(bucket, object, { from: 0, to: undefined, signal }));
}
