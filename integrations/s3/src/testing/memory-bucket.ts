import { compareKeys } from '@mortise/core';

import type {
  BucketClient,
  GetOptions,
  ListPage,
  ObjectFacts,
  OpenObject,
  Part,
  PendingUpload,
  PutObjectOptions,
} from '../bucket-client.ts';
import { S3Failure } from '../s3-failure.ts';

interface StoredObject {
  bytes: Buffer;
  mark: string;
  etag: string;
  modifiedAt: number;
}

interface Upload {
  key: string;
  mark: string;
  startedAt: number;
  parts: Map<number, Buffer>;
}

/** What clients of one bucket share. */
export class MemoryBucket {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, Upload>();
  /** Names of the calls so far. */
  readonly calls: string[] = [];
  bytesRead = 0;
  down = false;
  #count = 0;

  next(): string {
    return String(++this.#count);
  }
}

/** A bucket in memory that keeps what `BucketClient` says. Tests break its methods. */
export class MemoryBucketClient implements BucketClient {
  readonly bucket: MemoryBucket;

  constructor(bucket: MemoryBucket) {
    this.bucket = bucket;
  }

  async put(key: string, bytes: Uint8Array, { createOnly, mark, signal }: PutObjectOptions): Promise<void> {
    await this.reach('put', signal);
    this.store(key, Buffer.from(bytes), mark, createOnly);
  }

  async get(key: string, { from = 0, to, etag, signal }: GetOptions): Promise<OpenObject> {
    await this.reach('get', signal);
    const object = this.bucket.objects.get(key);
    if (object === undefined) throw new S3Failure('not-found', 'there is no such object');
    if (etag !== undefined && etag !== object.etag) throw new S3Failure('changed', 'it is another one');
    if (from > 0 && from >= object.bytes.length) throw new S3Failure('bad-range', 'no such bytes');
    const bytes = Buffer.from(object.bytes.subarray(from, to));
    this.bucket.bytesRead += bytes.length;
    return { etag: object.etag, size: bytes.length, body: this.body(bytes, signal) };
  }

  async head(key: string, signal: AbortSignal | undefined): Promise<ObjectFacts | undefined> {
    await this.reach('head', signal);
    const object = this.bucket.objects.get(key);
    return object && { size: object.bytes.length, modifiedAt: object.modifiedAt, mark: object.mark };
  }

  async list(prefix: string, { after = '', limit, signal }: { after?: string; limit: number; signal?: AbortSignal }): Promise<ListPage> {
    await this.reach('list', signal);
    const keys = [...this.bucket.objects.keys()].filter((key) => key.startsWith(prefix) && compareKeys(key, after) > 0).sort(compareKeys);
    const items = keys.slice(0, limit).map((key) => {
      const { bytes, modifiedAt } = this.bucket.objects.get(key)!;
      return { key, size: bytes.length, modifiedAt };
    });
    return { items, more: keys.length > limit };
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.reach('delete', signal);
    for (const key of keys) this.bucket.objects.delete(key);
  }

  async startUpload(key: string, { mark, signal }: { mark: string; signal?: AbortSignal }): Promise<string> {
    signal?.throwIfAborted();
    await this.reach('startUpload', undefined);
    const id = this.bucket.next();
    this.bucket.uploads.set(id, { key, mark, startedAt: Date.now(), parts: new Map() });
    return id;
  }

  async putPart(_key: string, uploadId: string, number: number, bytes: Uint8Array, signal: AbortSignal): Promise<Part> {
    await this.reach('putPart', signal);
    this.upload(uploadId).parts.set(number, Buffer.from(bytes));
    return { number, etag: `${uploadId}-${number}`, crc32: undefined };
  }

  async completeUpload(
    key: string,
    uploadId: string,
    parts: readonly Part[],
    { createOnly, signal }: { createOnly?: boolean; signal?: AbortSignal },
  ): Promise<void> {
    await this.reach('completeUpload', signal);
    const upload = this.upload(uploadId);
    this.store(key, Buffer.concat(parts.map(({ number }) => upload.parts.get(number)!)), upload.mark, createOnly);
    this.bucket.uploads.delete(uploadId);
  }

  async abortUpload(_key: string, uploadId: string, signal: AbortSignal): Promise<void> {
    await this.reach('abortUpload', signal);
    this.bucket.uploads.delete(uploadId);
  }

  async *pendingUploads(prefix: string, signal: AbortSignal): AsyncGenerator<PendingUpload, void, undefined> {
    await this.reach('pendingUploads', signal);
    for (const [uploadId, { key, startedAt }] of this.bucket.uploads) if (key.startsWith(prefix)) yield { key, uploadId, startedAt };
  }

  async presign(key: string, seconds: number): Promise<string> {
    await this.reach('presign', undefined);
    return `memory://bucket/${key}?seconds=${seconds}`;
  }

  withTries(): this {
    return this;
  }

  close(): void {}

  /** As if another host were asked. */
  async reach(call: string, signal: AbortSignal | undefined): Promise<void> {
    this.bucket.calls.push(call);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    if (this.bucket.down) throw new S3Failure('unreachable', 'the memory is gone');
  }

  async *body(bytes: Buffer, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < bytes.length; at += 65_536) {
      signal?.throwIfAborted();
      yield bytes.subarray(at, at + 65_536);
    }
  }

  store(key: string, bytes: Buffer, mark: string, createOnly = false): void {
    const { objects } = this.bucket;
    if (createOnly && objects.has(key)) throw new S3Failure('exists', 'there is one');
    objects.set(key, { bytes, mark, etag: this.bucket.next(), modifiedAt: Date.now() });
  }

  upload(uploadId: string): Upload {
    const upload = this.bucket.uploads.get(uploadId);
    if (upload === undefined) throw new S3Failure('no-upload', 'there is no such upload');
    return upload;
  }
}
