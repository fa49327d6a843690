import { randomUUID } from 'node:crypto';

import { type ArtifactStore, type ArtifactStoreCapabilities, type PutOptions, type StoredObject } from '@mortise/core';
import { checkByWriting, type Explanation } from '@mortise/object-storage';

import type { Access } from './access.ts';
import type { Body } from './body-parts.ts';
import { explained } from './explain.ts';
import type { GcsClient, ObjectFacts } from './gcs-client.ts';
import { GcsFailure, isGcsFailure } from './gcs-failure.ts';
import { objectName, uriOf, type GcsPlace } from './gcs-place.ts';
import { putObject, type PutSettings } from './put-object.ts';
import { readObject } from './read-object.ts';

/** Most that GCS lists in one request. */
const PAGE = 1000;
/** Requests at once of one delete: GCS takes single objects. */
const DELETES = 64;
/** Of signatures of Google (version 4), s. */
const LONGEST_PRESIGN = 7 * 24 * 60 * 60;

export interface GcsStoreOptions {
  /** Of the component, for messages. */
  name: string;
  id: string;
  place: GcsPlace;
  put: PutSettings;
}

/** Artifacts as objects of a bucket, their names below a prefix. */
export class GcsArtifactStore implements ArtifactStore {
  readonly capabilities: ArtifactStoreCapabilities;
  readonly id: string;
  /** A URL that works for so many seconds, a week at most. Not there without credentials. */
  readonly presign?: (key: string, seconds: number) => Promise<string>;
  readonly #client: GcsClient;
  readonly #options: GcsStoreOptions;
  readonly #stop = new AbortController();

  constructor(client: GcsClient, access: Access, options: GcsStoreOptions) {
    this.id = options.id;
    this.#client = client;
    this.#options = options;
    this.capabilities = { createOnly: 'atomic', range: true, reach: 'network', presign: !access.anonymous };
    if (!access.anonymous) this.presign = (key, seconds) => this.#presign(access, key, seconds);
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<{ size: number; sha256: string }> {
    const object = this.#object(key);
    options.signal?.throwIfAborted();
    try {
      return await putObject(this.#client, object, body, { ...options, signal: this.#signal(options.signal) }, this.#options.put);
    } catch (error) {
      throw this.#explained({ doing: `to write ${key}`, key }, error);
    }
  }

  async *get(key: string, options: { from?: number; to?: number; signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { from = 0, to } = options;
    const object = this.#object(key);
    options.signal?.throwIfAborted();
    const signal = this.#signal(options.signal);
    try {
      if (to !== undefined && to <= from) {
        if ((await this.#client.facts(object, signal)) === undefined) throw new GcsFailure('not-found', 'there is no such object');
        return;
      }
      yield* readObject(this.#client, object, { from: Math.max(0, from), to, signal });
    } catch (error) {
      throw this.#explained({ doing: `to read ${key}`, key }, error);
    }
  }

  async stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
    const object = this.#object(key);
    try {
      const facts = await this.#client.facts(object, this.#stop.signal);
      return facts && { size: Number(facts.size), modifiedAt: timeOf(facts) };
    } catch (error) {
      throw this.#explained({ doing: `to look at ${key}`, key }, error);
    }
  }

  async list(prefix: string, options: { after?: string; limit?: number } = {}): Promise<{ items: StoredObject[]; next?: string }> {
    const { after = '', limit = PAGE } = options;
    const ours = this.#options.place.prefix;
    const items: StoredObject[] = [];
    try {
      for await (const facts of this.#objects(ours + prefix, after === '' ? '' : ours + after, limit + 1, this.#stop.signal)) {
        if (items.length === limit) return { items, next: items.at(-1)?.key ?? after };
        items.push({ key: facts.name.slice(ours.length), size: Number(facts.size), modifiedAt: timeOf(facts) });
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
      for (let at = 0; at < objects.length; at += DELETES) {
        const some = objects.slice(at, at + DELETES);
        const ends = await Promise.allSettled(some.map((object) => this.#delete(object, this.#stop.signal)));
        for (const end of ends) {
          if (end.status === 'fulfilled') continue;
          // One that cannot be deleted keeps no other, as a server that cannot be asked does.
          if (!isGcsFailure(end.reason, 'denied', 'refused')) throw end.reason;
          refused ??= end.reason;
        }
      }
      if (refused !== undefined) throw refused;
    } catch (error) {
      throw this.#explained({ doing: `to delete ${keys.length === 1 ? keys[0] : `${keys.length} objects`}` }, error);
    }
  }

  uri(key: string): string {
    return uriOf(this.#options.place, this.#object(key));
  }

  /** Writes a small object, sees that it is not written again, lists it, reads it and takes it away. */
  async check(signal: AbortSignal): Promise<void> {
    const object = this.#object(`mortise-check-${randomUUID()}`);
    const write = (): Promise<unknown> => this.#putCheck(object, signal);
    const look = (): Promise<void> => this.#checkObject(object, signal);
    try {
      await checkByWriting({ write, look, remove: (within) => this.#delete(object, within) }, signal);
    } catch (error) {
      throw this.#explained({ doing: `its check in ${uriOf(this.#options.place, this.#options.place.prefix)}` }, error);
    }
  }

  /** What is under way ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new GcsFailure('refused', 'the store is closed'));
  }

  #putCheck(object: string, signal: AbortSignal): Promise<unknown> {
    return putObject(this.#client, object, Buffer.from(object), { createOnly: true, signal }, this.#options.put);
  }

  async #checkObject(object: string, signal: AbortSignal): Promise<void> {
    const again = await this.#putCheck(object, signal).then(
      () =>
        new GcsFailure(
          'not-gcs',
          'it overwrites an object although "ifGenerationMatch=0" forbids it: of several writers more than one would win',
        ),
      (error: unknown) => error,
    );
    if (!isGcsFailure(again, 'precondition')) throw again;
    const { value: found } = await this.#objects(object, '', 1, signal).next();
    if (found?.name !== object) throw new GcsFailure('not-gcs', 'an object that was just written is not listed');
    for await (const _ of readObject(this.#client, object, { from: 0, to: undefined, signal }));
  }

  /** Those that begin with `prefix`, behind `after`, in the order of their UTF-8 bytes; it asks for about `wanted`. */
  async *#objects(prefix: string, after: string, wanted: number, signal: AbortSignal): AsyncGenerator<ObjectFacts, void, undefined> {
    const fields = 'items(name,size,updated),nextPageToken';
    // `startOffset` itself is part of what is listed.
    const maxResults = String(Math.min(PAGE, wanted + (after === '' ? 0 : 1)));
    const query = { prefix, fields, maxResults, startOffset: after === '' ? undefined : after };
    for (let pageToken: string | undefined; ;) {
      const page = await this.#client.list({ ...query, pageToken }, signal);
      for (const facts of page.items ?? []) if (facts.name !== after) yield facts;
      pageToken = page.nextPageToken;
      if (pageToken === undefined || pageToken === '') return;
    }
  }

  async #delete(object: string, signal: AbortSignal): Promise<void> {
    await this.#client
      .send({ method: 'DELETE', path: this.#client.path(object), signal })
      .catch((error: unknown) => this.#client.unlessMissing(error, signal));
  }

  async #presign(access: Access, key: string, seconds: number): Promise<string> {
    const object = this.#object(key);
    try {
      if (!(seconds >= 1 && seconds <= LONGEST_PRESIGN))
        throw new GcsFailure('refused', `a URL can be signed for 1 to ${LONGEST_PRESIGN} seconds (a week), not for ${seconds}`);
      return await access.sign(this.#options.place.bucket, object, Math.floor(seconds));
    } catch (error) {
      throw this.#explained({ doing: `to sign a URL of ${key}`, key }, error);
    }
  }

  #signal(given: AbortSignal | undefined): AbortSignal {
    return given === undefined ? this.#stop.signal : AbortSignal.any([given, this.#stop.signal]);
  }

  #object(key: string): string {
    return objectName(this.#options.place, key);
  }

  #explained(what: Pick<Explanation, 'doing' | 'key'>, error: unknown): unknown {
    const { name, place } = this.#options;
    return explained(
      { ...what, store: name, where: what.key === undefined ? undefined : uriOf(place, objectName(place, what.key)) },
      error,
    );
  }
}

/** What looks old may be deleted, so that an unknown time is now. */
function timeOf({ updated }: ObjectFacts): number {
  const time = Date.parse(updated);
  return Number.isNaN(time) ? Date.now() : time;
}
