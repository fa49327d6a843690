/** What the store needs of a bucket, and nothing else. The adapter for the AWS SDK is `aws/aws-bucket-client.ts`; tests bring others. */
export interface BucketClient {
  /** Takes the whole object, or nothing of it. Failures: `exists` (with `createOnly`), `conflict`. */
  put(key: string, bytes: Uint8Array, options: PutObjectOptions): Promise<void>;
  /** Opens an object. Failures: `not-found`, `bad-range` (it begins behind the end), `changed` (it has another etag). */
  get(key: string, options: GetOptions): Promise<OpenObject>;
  head(key: string, signal: AbortSignal | undefined): Promise<ObjectFacts | undefined>;
  /** Keys in the order of their UTF-8 bytes, at most 1000. */
  list(prefix: string, options: { after?: string; limit: number; signal?: AbortSignal }): Promise<ListPage>;
  /** At most 1000; missing ones are fine. */
  delete(keys: readonly string[], signal?: AbortSignal): Promise<void>;
  /** When it is aborted after the request was sent, the answer is waited for all the same, for 5 s: whoever has its id can take the upload away. */
  startUpload(key: string, options: { mark: string; type?: string; signal?: AbortSignal }): Promise<string>;
  /** `number` from 1. A number that is put again replaces the part. */
  putPart(key: string, uploadId: string, number: number, bytes: Uint8Array, signal: AbortSignal): Promise<Part>;
  /** Failures: as `put`, and `no-upload`. */
  completeUpload(
    key: string,
    uploadId: string,
    parts: readonly Part[],
    options: { createOnly?: boolean; signal?: AbortSignal },
  ): Promise<void>;
  /** A missing upload is fine. */
  abortUpload(key: string, uploadId: string, signal: AbortSignal): Promise<void>;
  /** Uploads that were neither completed nor aborted. */
  pendingUploads(prefix: string, signal: AbortSignal): AsyncIterable<PendingUpload>;
  /** Whoever has the URL can read the object for so many seconds. */
  presign(key: string, seconds: number): Promise<string>;
  /** The same bucket, where a request that fails is tried so many times at most. To be closed with this one. */
  withTries(tries: number): BucketClient;
  close(): void;
}

export interface PutObjectOptions {
  createOnly?: boolean;
  type?: string;
  /** Of the bytes, in hex. */
  sha256: string;
  /** Kept with the object: tells whose put it was. */
  mark: string;
  signal?: AbortSignal;
}

export interface GetOptions {
  /** First byte, default 0. */
  from?: number;
  /** Behind the last byte, default the end. */
  to?: number;
  /** Only if the object still has it. */
  etag?: string;
  signal?: AbortSignal;
}

export interface OpenObject {
  etag: string;
  /** Bytes of the part that was asked for. */
  size: number;
  /** Throws an `S3Failure` when it is cut off. */
  body: AsyncIterable<Uint8Array>;
}

export interface ObjectFacts {
  size: number;
  /** ms since the epoch. */
  modifiedAt: number;
  mark: string | undefined;
}

export interface ListPage {
  items: { key: string; size: number; modifiedAt: number }[];
  more: boolean;
}

/** What the server said of a part, as it wants to hear it again. */
export interface Part {
  number: number;
  etag: string;
  crc32: string | undefined;
}

export interface PendingUpload {
  key: string;
  uploadId: string;
  /** ms since the epoch. */
  startedAt: number;
}
