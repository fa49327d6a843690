import { createHash } from 'node:crypto';
import { extname } from 'node:path/posix';

import { ArtifactNotFound, Permanent, type ReadArtifact, type TrackerEvent } from '@mortise/core';

import type { FileRef } from '../wire/snapshot.ts';
import { ARTIFACTS, DOCUMENTS } from './run-paths.ts';

export type FileEvent = TrackerEvent & { kind: 'artifact' | 'json' };

/** A file that is to be kept. */
export interface RunFile extends FileRef {
  /** Its bytes, anew with each call. Throws `ArtifactNotFound`, `ArtifactStoreFailed`, `OtherSize`. */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

const MIMES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.gif': 'image/gif',
  '.html': 'text/html',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.mp4': 'video/mp4',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.webp': 'image/webp',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
  '.zip': 'application/zip',
};

export function isFileEvent(event: TrackerEvent): event is FileEvent {
  return event.kind === 'artifact' || event.kind === 'json';
}

/** Path of the field that has the file. */
export function filePath(event: FileEvent): string {
  return event.kind === 'artifact' ? `${ARTIFACTS}${event.path}` : `${DOCUMENTS}${event.name.replace(/\.json$/, '')}`;
}

/** The file of an event. `runId`: of the run that it belongs to. */
export function runFile(event: FileEvent, runId: string, readArtifact: ReadArtifact | undefined): RunFile {
  const field = filePath(event);
  if (event.kind === 'json') {
    const bytes = Buffer.from(JSON.stringify(event.value));
    const path = storagePath(runId, field, `${nameOf(field)}.json`);
    return { path, size: bytes.length, mime: 'application/json', open: () => once(bytes) };
  }
  const extension = extname(event.path).toLowerCase();
  return {
    path: storagePath(runId, field, nameOf(event.path)),
    size: event.size,
    mime: MIMES[extension] ?? 'application/octet-stream',
    open(signal) {
      if (readArtifact === undefined) throw new ArtifactNotFound({ what: event.uri, where: 'nothing can read it here' });
      return ofItsSize(readArtifact(event, signal), event.size);
    },
  };
}

/** The bytes of a file are not those that were logged. */
export class OtherSize extends Permanent {}

/** The size is told before the file is sent: one of another size cannot be sent, however often it is tried. */
async function* ofItsSize(bytes: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  let read = 0;
  for await (const chunk of bytes) {
    read += chunk.length;
    if (read > size) break;
    yield chunk;
  }
  if (read !== size) throw new OtherSize(`the file has another size than the ${size} bytes that it was said to have`);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Where a file lies in Neptune's storage: run, field, step, name, each with a limit, as the Python client lays them. */
function storagePath(runId: string, field: string, name: string): string {
  const extension = extname(name);
  const stem = extension === '' ? name : name.slice(0, -extension.length);
  return [part(runId, 300, true), part(field, 280, true), 'none', `${part(stem, 180, false)}${extension.slice(0, 18)}`].join('/');
}

function part(given: string, longest: number, always: boolean): string {
  const clean = given.toWellFormed().replaceAll(/[/.]/g, '_');
  const points = Array.from(clean);
  if (!always && points.length <= longest) return clean;
  const digest = createHash('sha256').update(given).digest('hex').slice(0, 16);
  return `${points.slice(0, longest - 17).join('')}-${digest}`;
}
