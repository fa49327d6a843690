import { createHash, randomUUID } from 'node:crypto';

import type { PutOptions } from '@mortise/core';

import { partsOf, type Body } from './body-parts.ts';
import { Crc32c } from './crc32c.ts';
import { noBucket } from './failure-of.ts';
import { FACTS, type GcsClient, type ObjectFacts } from './gcs-client.ts';
import { GcsFailure, isGcsFailure } from './gcs-failure.ts';
import { ResumableUpload } from './resumable-upload.ts';

/** Name of the mark in an object's metadata: it tells whose put made it. */
const MARK = 'mortise-put';
/** How long we ask whether the object is there after all, ms. */
const CONFIRM_MS = 2_000;

export interface PutSettings {
  /** Bytes. */
  partSize: number;
  storageClass?: string | undefined;
  kmsKeyName?: string | undefined;
}

export interface Written {
  size: number;
  sha256: string;
}

/**
 * Puts a body as one object: what fits into one part whole, anything longer as a resumable upload, part after part. The object appears with the last
 * request. Throws `GcsFailure` (`precondition` when it is taken and must not be), what the body throws, or the signal's reason.
 */
export async function putObject(
  client: GcsClient,
  name: string,
  body: Body,
  { createOnly = false, size: announced, type, signal }: PutOptions & { signal: AbortSignal },
  { partSize, storageClass, kmsKeyName }: PutSettings,
): Promise<Written> {
  const mark = randomUUID();
  const digest = createHash('sha256');
  const crc = new Crc32c();
  let size = 0;
  let upload: ResumableUpload | undefined;
  // In JSON, for both kinds of uploads.
  const metadata = { name, metadata: { [MARK]: mark }, contentType: type ?? 'application/octet-stream', storageClass };
  const query = { fields: FACTS, kmsKeyName, ...(createOnly && { ifGenerationMatch: '0' }) };
  try {
    for await (const { bytes, isLast } of partsOf(body, partSize, signal)) {
      digest.update(bytes);
      crc.update(bytes);
      size += bytes.byteLength;
      checkSize(announced, size, isLast);
      if (isLast) {
        const crc32c = crc.digest();
        const send = upload?.last(bytes, crc32c) ?? whole(client, { ...metadata, crc32c }, query, bytes, signal);
        await published({ client, name, mark, crc32c, createOnly, signal }, send);
      } else {
        upload ??= await ResumableUpload.begin(client, metadata, query, signal);
        await upload.send(bytes);
      }
    }
    return { size, sha256: digest.digest('hex') };
  } catch (error) {
    upload?.abandon();
    if (!isGcsFailure(error, 'not-found')) throw error;
    throw upload === undefined ? noBucket(client.asked) : new GcsFailure('refused', `${client.asked.server} has forgotten the upload`);
  }
}

function checkSize(announced: number | undefined, found: number, isLast: boolean): void {
  if (announced === undefined || (isLast ? found === announced : found <= announced)) return;
  const more = found > announced ? 'more than ' : '';
  throw new GcsFailure('refused', `the body has ${more}${Math.min(announced, found)} bytes where ${announced} were announced`);
}

/** One request with the metadata and the bytes. */
async function whole(
  client: GcsClient,
  metadata: Record<string, unknown>,
  query: Record<string, string | undefined>,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<ObjectFacts | undefined> {
  const boundary = `mortise-${randomUUID()}`;
  const head =
    `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${JSON.stringify(metadata)}\r\n` +
    `--${boundary}\r\ncontent-type: ${String(metadata['contentType'])}\r\n\r\n`;
  const { json } = await client.send<ObjectFacts>({
    method: 'POST',
    path: client.path(undefined, true),
    query: { uploadType: 'multipart', ...query },
    headers: { 'content-type': `multipart/related; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
    signal,
  });
  return json;
}

interface Publication {
  client: GcsClient;
  name: string;
  /** Of this put and no other. */
  mark: string;
  crc32c: string;
  createOnly: boolean;
  signal: AbortSignal;
}

/**
 * Waits for the request with which the object appears. When an answer was lost, a next try may meet the object that the first one made: its mark tells
 * it from somebody else's.
 */
async function published(put: Publication, send: Promise<ObjectFacts | undefined>): Promise<void> {
  const { client, name, mark, crc32c, createOnly, signal } = put;
  const made = await send.catch(async (error: unknown) => {
    if (!isGcsFailure(error) || !error.maybeDone) throw error;
    const there = await factsAfter(put, error);
    if (there?.metadata?.[MARK] === mark) return there;
    // The upload is over, and it is not by us that there is something now.
    if (there !== undefined && createOnly && error.kind === 'not-found') throw new GcsFailure('precondition', 'another writer was faster');
    throw error;
  });
  if (made?.crc32c === undefined)
    throw new GcsFailure('not-gcs', `${client.asked.server} is no GCS server: it does not tell an object's CRC32C`);
  if (made.crc32c === crc32c) return;
  const query = { generation: made.generation, ifGenerationMatch: made.generation };
  await client.send({ method: 'DELETE', path: client.path(name), query, signal });
  throw new GcsFailure('refused', 'the bytes did not arrive as they were sent; what was stored of them is deleted');
}

async function factsAfter({ client, name, signal }: Publication, error: GcsFailure): Promise<ObjectFacts | undefined> {
  // A server that just did not answer is not waited for again.
  const patience = error.passing ? AbortSignal.any([signal, AbortSignal.timeout(CONFIRM_MS)]) : signal;
  return client.facts(name, patience).catch((unknown: unknown) => {
    signal.throwIfAborted();
    // Whether it is ours cannot be told: nobody shall hear that somebody else won.
    throw isGcsFailure(error, 'precondition') ? unknown : error;
  });
}
