import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type CreateMultipartUploadCommandInput,
  type _Error as S3Error,
} from '@aws-sdk/client-s3';
import { Slots } from '@mortise/object-storage';

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
import { isS3Failure, S3Failure } from '../s3-failure.ts';
import { withGrace } from './grace.ts';
import { BEFORE_SIGNING, UNSIGNED, withPayloadHash } from './payload-hash.ts';
import { refuseWebPages } from './refuse-web-pages.ts';
import { retrying, TRIES } from './retrying.ts';
import { sdkFailure, type Asked } from './sdk-failure.ts';
import { sdkOptions, type BucketAccess } from './sdk-options.ts';

const MARK = 'mortise-put';
/** At once. Those beyond wait here and not for a connection, where their time limit would run. */
const REQUESTS = 64;
/** How long the id of an upload is waited for after an abort, ms. */
const GRACE_MS = 5_000;

type Call<T> = (options: { abortSignal?: AbortSignal }) => Promise<T>;

/** A bucket, by the AWS SDK. Retries are ours: they can be aborted, and tell whether a lost answer was that of a request that was carried out. */
export class AwsBucketClient implements BucketClient {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #access: BucketAccess;
  readonly #asked: Asked;
  readonly #tries: number;
  readonly #slots = new Slots(REQUESTS);
  /** Whether the bucket was seen: until then an object that is not there may mean that there is no bucket. */
  #seen = false;

  constructor(bucket: string, access: BucketAccess, { tries = TRIES, client }: { tries?: number; client?: S3Client } = {}) {
    this.#bucket = bucket;
    this.#access = access;
    this.#tries = tries;
    this.#asked = { bucket, server: access.endpoint === undefined ? 'AWS' : new URL(access.endpoint).host };
    this.#client = client ?? new S3Client(sdkOptions(access));
    if (client === undefined) refuseWebPages(this.#client, () => this.#notS3('it answers with a web page'));
  }

  async put(key: string, bytes: Uint8Array, { createOnly, type, sha256, mark, signal }: PutObjectOptions): Promise<void> {
    const command = new PutObjectCommand({
      ...this.#stored(key, mark, type),
      Body: bytes,
      ContentLength: bytes.byteLength,
      ...(createOnly === true && { IfNoneMatch: '*' }),
    });
    command.middlewareStack.add(withPayloadHash(sha256), BEFORE_SIGNING);
    const { ETag } = await this.#send(signal, (options) => this.#client.send(command, options));
    if (ETag === undefined) throw this.#notS3('it answers a PUT without an ETag');
  }

  async get(key: string, { from = 0, to, etag, signal }: GetOptions): Promise<OpenObject> {
    const range = from === 0 && to === undefined ? undefined : `bytes=${from}-${to === undefined ? '' : to - 1}`;
    const command = new GetObjectCommand({ ...this.#at(key), Range: range, IfMatch: etag });
    const answer = await this.#send(signal, (options) => this.#client.send(command, options)).catch((error: unknown) => {
      throw isS3Failure(error, 'exists') ? new S3Failure('changed', 'the object is another one by now') : error;
    });
    const { ETag, ContentLength, ContentRange, Body } = answer;
    const body = Body as AsyncIterable<Uint8Array> | undefined;
    if (ETag === undefined || ContentLength === undefined || body === undefined)
      throw this.#notS3('it answers a GET without an ETag or a length');
    if (range !== undefined && ContentRange === undefined) throw this.#notS3('it does not know ranges');
    return { etag: ETag, size: ContentLength, body: this.#chunks(body, signal) };
  }

  async head(key: string, signal: AbortSignal | undefined): Promise<ObjectFacts | undefined> {
    const command = new HeadObjectCommand(this.#at(key));
    try {
      const answer = await this.#send(signal, (options) => this.#client.send(command, options), { ...this.#asked, wordless: true });
      const { ContentLength = 0, LastModified, Metadata, ETag } = answer;
      if (ETag === undefined) throw this.#notS3('it answers a HEAD without an ETag');
      return { size: ContentLength, modifiedAt: timeOf(LastModified), mark: Metadata?.[MARK] };
    } catch (error) {
      if (!isS3Failure(error, 'not-found', 'denied', 'refused')) throw error;
      await this.#askInWords(key, error, signal);
      return undefined;
    }
  }

  async list(prefix: string, { after, limit, signal }: { after?: string; limit: number; signal?: AbortSignal }): Promise<ListPage> {
    const command = new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, StartAfter: after, MaxKeys: limit });
    const { Contents = [], IsTruncated, Name } = await this.#send(signal, (options) => this.#client.send(command, options));
    if (Name === undefined) throw this.#notS3('its list of objects does not name the bucket');
    const items = Contents.map(({ Key, Size, LastModified }) => ({ key: Key!, size: Size ?? 0, modifiedAt: timeOf(LastModified) }));
    return { items, more: IsTruncated === true };
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    if (keys.length === 1) {
      const command = new DeleteObjectCommand(this.#at(keys[0]!));
      await this.#send(signal, (options) => this.#client.send(command, options)).catch(unlessMissing);
      return;
    }
    let left = keys;
    await this.#send(signal, async (options) => {
      const refused = await this.#deleteAtOnce(left, options);
      if (refused.length === 0) return;
      left = those(left, refused);
      const failures = refused.map(({ Code, Message }) => sdkFailure({ name: Code, message: Message }, this.#asked));
      throw failures.find(({ passing }) => !passing) ?? failures[0]!;
    });
  }

  /** Gives what the server refused, with an answer that is 200 all the same. */
  async #deleteAtOnce(keys: readonly string[], options: { abortSignal?: AbortSignal }): Promise<S3Error[]> {
    const command = new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true } });
    const { Errors = [], $metadata } = await this.#client.send(command, options);
    if ($metadata.httpStatusCode !== 200) throw this.#notS3('it answers a delete of several objects without a result');
    return Errors.filter(({ Code }) => Code !== 'NoSuchKey');
  }

  async startUpload(key: string, { mark, type, signal }: { mark: string; type?: string; signal?: AbortSignal }): Promise<string> {
    const command = new CreateMultipartUploadCommand({ ...this.#stored(key, mark, type), ChecksumAlgorithm: 'CRC32' });
    const { UploadId } = await this.#send(signal, () =>
      withGrace(signal, GRACE_MS, (abortSignal) => this.#client.send(command, { abortSignal })),
    );
    if (UploadId === undefined) throw this.#notS3('it gives an upload no id');
    return UploadId;
  }

  async putPart(key: string, uploadId: string, number: number, bytes: Uint8Array, signal: AbortSignal): Promise<Part> {
    const command = new UploadPartCommand({
      ...this.#at(key),
      UploadId: uploadId,
      PartNumber: number,
      Body: bytes,
      ContentLength: bytes.byteLength,
      ChecksumAlgorithm: 'CRC32',
    });
    command.middlewareStack.add(withPayloadHash(UNSIGNED), BEFORE_SIGNING);
    const { ETag, ChecksumCRC32 } = await this.#send(signal, (options) => this.#client.send(command, options));
    if (ETag === undefined) throw this.#notS3('it gives a part no ETag');
    return { number, etag: ETag, crc32: ChecksumCRC32 };
  }

  async completeUpload(
    key: string,
    uploadId: string,
    parts: readonly Part[],
    { createOnly, signal }: { createOnly?: boolean; signal?: AbortSignal },
  ): Promise<void> {
    const Parts = parts.map(({ number, etag, crc32 }) => ({ PartNumber: number, ETag: etag, ChecksumCRC32: crc32 }));
    const command = new CompleteMultipartUploadCommand({
      ...this.#at(key),
      UploadId: uploadId,
      MultipartUpload: { Parts },
      ...(createOnly === true && { IfNoneMatch: '*' }),
    });
    const { ETag } = await this.#send(signal, (options) => this.#client.send(command, options));
    if (ETag === undefined) throw this.#notS3('it completes an upload without an ETag');
  }

  async abortUpload(key: string, uploadId: string, signal: AbortSignal): Promise<void> {
    const command = new AbortMultipartUploadCommand({ ...this.#at(key), UploadId: uploadId });
    await this.#send(signal, (options) => this.#client.send(command, options)).catch(unlessMissing);
  }

  async *pendingUploads(prefix: string, signal: AbortSignal): AsyncGenerator<PendingUpload, void, undefined> {
    let next: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
    for (;;) {
      const command = new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: prefix, ...next });
      const page = await this.#send(signal, (options) => this.#client.send(command, options));
      for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
        if (Key?.startsWith(prefix) && UploadId !== undefined && Initiated !== undefined)
          yield { key: Key, uploadId: UploadId, startedAt: Initiated.getTime() };
      if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return;
      next = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
  }

  async presign(key: string, seconds: number): Promise<string> {
    const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
    try {
      // Requests are dated by the server's clock as soon as it is known that ours is wrong.
      const signingDate = new Date(Date.now() + this.#client.config.systemClockOffset);
      return await getSignedUrl(this.#client, new GetObjectCommand(this.#at(key)), { expiresIn: seconds, signingDate });
    } catch (error) {
      throw sdkFailure(error, this.#asked);
    }
  }

  withTries(tries: number): AwsBucketClient {
    return new AwsBucketClient(this.#bucket, this.#access, { tries, client: this.#client });
  }

  close(): void {
    this.#client.destroy();
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: key };
  }

  /** What a new object is to have. */
  #stored(key: string, mark: string, type: string | undefined): CreateMultipartUploadCommandInput {
    const { kmsKeyId, storageClass } = this.#access;
    return {
      ...this.#at(key),
      ContentType: type,
      Metadata: { [MARK]: mark },
      ...(kmsKeyId !== undefined && { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId }),
      ...(storageClass !== undefined && { StorageClass: storageClass as 'STANDARD' }),
    };
  }

  async #send<T>(signal: AbortSignal | undefined, call: Call<T>, asked = this.#asked): Promise<T> {
    const options = signal === undefined ? {} : { abortSignal: signal };
    const result = await retrying(
      async () => {
        try {
          return await this.#slots.run(() => call(options), signal);
        } catch (error) {
          signal?.throwIfAborted();
          throw isS3Failure(error) ? error : sdkFailure(error, asked);
        }
      },
      { signal, tries: this.#tries },
    );
    this.#seen = true;
    return result;
  }

  /**
   * The answer to HEAD has no body: a list is asked for what it was about. Gives nothing when the object is not there; throws anything else.
   */
  async #askInWords(key: string, failure: S3Failure, signal: AbortSignal | undefined): Promise<void> {
    if (failure.kind === 'not-found' && this.#seen) return;
    await this.list(key, { limit: 1, ...(signal !== undefined && { signal }) }).catch((error: unknown) => {
      // Whoever may read objects may not be allowed to list them.
      if (!isS3Failure(error, 'denied')) throw error;
    });
    if (failure.kind !== 'not-found') throw failure;
  }

  async *#chunks(body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* body;
    } catch (error) {
      signal?.throwIfAborted();
      throw sdkFailure(error, this.#asked);
    }
  }

  #notS3(what: string): S3Failure {
    return new S3Failure('not-s3', `${this.#asked.server} is no S3 server: ${what}`);
  }
}

/** What looks old may be deleted, so that an unknown time is now. In whole seconds, as HEAD tells it: some servers list milliseconds. */
const timeOf = (modified: Date | undefined): number => Math.floor((modified?.getTime() ?? Date.now()) / 1000) * 1000;

/** The keys that were refused; all, unless each refusal names one of them. */
function those(keys: readonly string[], refused: readonly S3Error[]): readonly string[] {
  const named = new Set(refused.map(({ Key }) => Key));
  const found = keys.filter((key) => named.has(key));
  return found.length < refused.length ? keys : found;
}

function unlessMissing(error: unknown): undefined {
  if (isS3Failure(error, 'not-found', 'no-upload')) return undefined;
  throw error;
}
