import { ArtifactNotFound, isError, type ReadArtifact, type TrackerEvent } from '@mortise/core';
import { isWandbError, logTable, type FileSource } from '@mortise/wandb-client';

import { documentFile, fileOf, isVersioned, placeOf, tableOf, versionedArtifact } from './run-files.ts';
import type { RunRecords } from './run-records.ts';
import { trackerFailure } from './tracker-failure.ts';

export type FileEvent = TrackerEvent & { kind: 'artifact' | 'json' };

/** Where files go, and from where their bytes come. */
export interface Upload {
  records: RunRecords;
  readArtifact: ReadArtifact | undefined;
  /** Tells a person something, once however often it is said. */
  warn(message: string): void;
}

export function isFile(event: TrackerEvent): event is FileEvent {
  return event.kind === 'artifact' || event.kind === 'json';
}

/** Uploads what was logged as a file, a table or a figure. Gives why it was refused for good; undefined if it was not. */
export async function uploadEvent(event: FileEvent, upload: Upload, signal: AbortSignal): Promise<string | undefined> {
  try {
    await (event.kind === 'json' ? putDocument(event, upload, signal) : putArtifact(event, upload, signal));
    return undefined;
  } catch (error) {
    const isRefused = isError(error, ArtifactNotFound) || (isWandbError(error) && error.kind === 'invalid');
    if (!isRefused) throw isWandbError(error) ? trackerFailure(error) : error;
    return `"${event.kind === 'artifact' ? event.path : event.name}" was not uploaded: ${(error as Error).message}`;
  }
}

async function putArtifact(event: FileEvent & { kind: 'artifact' }, upload: Upload, signal: AbortSignal): Promise<void> {
  const { records, readArtifact: read } = upload;
  if (read === undefined) throw new ArtifactNotFound({ what: event.uri, where: 'nothing can read it here' });
  if (isVersioned(event)) await records.writer.artifact(versionedArtifact(event, read), signal);
  else await putFile(event.path, fileOf(event, read), upload, signal);
}

async function putDocument(event: FileEvent & { kind: 'json' }, upload: Upload, signal: AbortSignal): Promise<void> {
  const { writer, id } = upload.records;
  const logged = tableOf(event);
  if (logged !== undefined) return logTable(writer, id, logged.name, logged.table, signal);
  const { path, source, shown } = documentFile(event);
  await putFile(path, source, upload, signal);
  if (shown !== undefined) writer.summary(shown);
}

async function putFile(path: string, source: FileSource, { records, warn }: Upload, signal: AbortSignal): Promise<void> {
  const place = placeOf(path);
  if (place !== path) warn(`W&B keeps a file "${path}" of its own for each run: the one that was logged is "${place}" there`);
  await records.writer.file(place, source, signal);
}
