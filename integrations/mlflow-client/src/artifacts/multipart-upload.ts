import { inParts } from '@mortise/http-client';

import type { Rest } from '../http/rest.ts';
import { isMlflowError, MlflowError } from '../mlflow-error.ts';
import { refuseWebPage } from './no-web-page.ts';

export interface MultipartUpload {
  /** Encoded folder, and name of the file in it. */
  folder: string;
  name: string;
  size: number;
  partSize: number;
}

interface Part {
  part_number: number;
  etag: string;
  url: string;
}

interface Destination {
  url: string;
  headers: Record<string, string>;
}

const MOST_PARTS = 10_000;
/** What an upload that failed may still cost, ms. */
const ABORT_PATIENCE = 10_000;

/**
 * Sends a body in parts to the storage behind the server, by addresses that the server signs. False when the server can't: then nothing of the body
 * was read.
 */
export async function multipartUpload(
  rest: Rest,
  upload: MultipartUpload,
  body: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<boolean> {
  const partSize = Math.max(upload.partSize, Math.ceil(upload.size / MOST_PARTS));
  const created = await create(rest, upload, Math.ceil(upload.size / partSize), signal);
  if (created === undefined) return false;
  const { uploadId, destinations } = created;
  try {
    const parts: Part[] = [];
    for await (const bytes of inParts(body, partSize)) {
      const destination = destinations[parts.length];
      if (destination === undefined) throw new MlflowError('invalid', 'The artifact has more bytes than it was said to have');
      parts.push(await sendPart(rest, destination, bytes, parts.length + 1, signal));
    }
    await rest.artifacts('POST', `mpu/complete/${upload.folder}`, {}, { path: upload.name, upload_id: uploadId, parts }, signal);
  } catch (error) {
    await abort(rest, upload, uploadId);
    throw error;
  }
  return true;
}

async function create(
  rest: Rest,
  { folder, name }: MultipartUpload,
  count: number,
  signal?: AbortSignal,
): Promise<{ uploadId: string; destinations: Destination[] } | undefined> {
  try {
    const answer = await rest.artifacts('POST', `mpu/create/${folder}`, {}, { path: name, num_parts: count }, signal);
    const destinations = answer.objects('credentials').map((credential) => ({
      number: credential.number('part_number'),
      url: credential.required('url'),
      headers: credential.record('headers'),
    }));
    return { uploadId: answer.text('upload_id'), destinations: destinations.sort((a, b) => a.number - b.number) };
  } catch (error) {
    // 501: a storage without parts. A page instead of an answer: a server that is older than parts.
    if (isMlflowError(error) && (error.status === 501 || (error.kind === 'protocol' && error.status === 404))) return undefined;
    throw error;
  }
}

async function sendPart(rest: Rest, { url, headers }: Destination, body: Uint8Array, number: number, signal?: AbortSignal): Promise<Part> {
  const call = `part ${number} of an artifact`;
  const { response, end } = await rest.connection.openElsewhere({ method: 'PUT', url, headers, body, call }, signal);
  try {
    await response.body?.cancel();
    refuseWebPage(`The storage behind ${rest.connection.server}`, call, response);
    return { part_number: number, etag: response.headers.get('etag') ?? '', url };
  } finally {
    end();
  }
}

/** Parts that no one completes cost their owner money. That they could not be removed is not what went wrong. */
async function abort(rest: Rest, { folder, name }: MultipartUpload, uploadId: string): Promise<void> {
  const signal = AbortSignal.timeout(ABORT_PATIENCE);
  await rest.artifacts('POST', `mpu/abort/${folder}`, {}, { path: name, upload_id: uploadId }, signal).catch(() => undefined);
}
