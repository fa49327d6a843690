import { Permanent } from '@mortise/core';
import { inParts, type HttpRequest } from '@mortise/http-client';

import type { RunFile } from '../experiment-tracker/run-files.ts';
import { strangeAnswer } from './http-failure.ts';
import { jsonObject, type NeptuneSession } from './neptune-session.ts';

/** Where Neptune's storage takes a file; the address has its own credentials within. */
interface SignedFile {
  url: string;
  provider: string;
  multipart?: { upload_id: string; part_size: number; part_urls: string[] } | null;
}

/** Sends a file to the storage behind Neptune, by addresses that Neptune signs. */
export async function uploadFile(session: NeptuneSession, project: string, file: RunFile, signal: AbortSignal): Promise<void> {
  const signed = await sign(session, project, file, signal);
  const { multipart } = signed;
  const type = { 'content-type': file.mime };
  switch (signed.provider) {
    case 'aws':
      if (multipart === undefined || multipart === null) return put(session, file, { url: signed.url, headers: type }, signal);
      return inSignedParts(session, project, file, multipart, signal);
    case 'azure':
      return put(session, file, { url: signed.url, headers: { ...type, 'x-ms-blob-type': 'BlockBlob' } }, signal);
    case 'gcp':
      return put(session, file, { url: await resumable(session, signed.url, type, signal), headers: {} }, signal);
    default:
      throw new Permanent(`${session.server} has a storage that is not known here: ${signed.provider}`);
  }
}

const storage = ({ server }: NeptuneSession): string => `the storage behind ${server}`;

async function sign(session: NeptuneSession, project: string, { path, size }: RunFile, signal: AbortSignal): Promise<SignedFile> {
  const body = JSON.stringify({ files: [{ path, project_identifier: project, permission: 'write', size }] });
  const headers = { 'content-type': 'application/json' };
  const { body: answer } = await session.ask(
    { call: 'signedUrl', method: 'POST', path: '/api/storagebridge/v1/signedUrl', headers, body },
    signal,
  );
  const { files } = jsonObject(answer, session.server, 'signedUrl') as { files?: SignedFile[] };
  const signed = Array.isArray(files) ? files[0] : undefined;
  if (typeof signed?.url !== 'string' || typeof signed.provider !== 'string') throw strangeAnswer(session.server, 'signedUrl');
  return signed;
}

async function put(
  session: NeptuneSession,
  file: RunFile,
  { url, headers }: Required<Pick<HttpRequest, 'url' | 'headers'>>,
  signal: AbortSignal,
): Promise<void> {
  const length = { 'content-length': String(file.size) };
  const request = { server: storage(session), call: 'a file', method: 'PUT' as const, url, headers: { ...headers, ...length } };
  await session.http.ask({ ...request, body: file.size === 0 ? new Uint8Array() : file.open(signal) }, signal);
}

/** Google's storage is first asked for the address of a session. */
async function resumable(session: NeptuneSession, url: string, type: Record<string, string>, signal: AbortSignal): Promise<string> {
  const headers = { ...type, 'x-goog-resumable': 'start' };
  const { headers: told } = await session.http.ask({ server: storage(session), call: 'a session', method: 'POST', url, headers }, signal);
  const location = told.get('location');
  if (location === null || !URL.canParse(location)) throw strangeAnswer(storage(session), 'a session');
  return location;
}

async function inSignedParts(
  session: NeptuneSession,
  project: string,
  file: RunFile,
  { upload_id, part_size, part_urls }: NonNullable<SignedFile['multipart']>,
  signal: AbortSignal,
): Promise<void> {
  const parts: { part_number: number; etag: string }[] = [];
  for await (const body of inParts(file.open(signal), part_size)) {
    const url = part_urls[parts.length];
    if (url === undefined) throw new Permanent(`${file.path} has more bytes than the ${file.size} that it was said to have`);
    const headers = { 'content-type': file.mime };
    const { headers: told } = await session.http.ask(
      { server: storage(session), call: 'a part of a file', method: 'PUT', url, headers, body },
      signal,
    );
    parts.push({ part_number: parts.length + 1, etag: (told.get('etag') ?? '').replaceAll('"', '') });
  }
  const body = JSON.stringify({ upload_id, project_identifier: project, path: file.path, parts });
  const path = '/api/storagebridge/v1/s3/completeMultipartUpload';
  const request = { call: 'completeMultipartUpload', method: 'POST' as const, path, headers: { 'content-type': 'application/json' }, body };
  await session.ask(request, signal);
}
