import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { artifactIds, manifestDigest } from '../online/artifact.ts';
import type { LoggedArtifact } from '../run-records.ts';
import type { ArtifactRecord, ManifestEntry } from '../transaction-log/log-record.ts';
import { writeFileBelow } from './write-file.ts';

/**
 * Copies an artifact's files into the staging folder, from where they are uploaded when the run is synced, and makes the artifact's record.
 * The record names the copies by absolute paths: a run that is moved to another folder cannot be synced with them.
 */
export async function stageArtifact(
  artifact: LoggedArtifact,
  run: { id: string; entity?: string; project?: string },
  staging: string,
  signal?: AbortSignal,
): Promise<ArtifactRecord> {
  const folder = resolve(join(staging, randomBytes(6).toString('hex')));
  const entries: ManifestEntry[] = [];
  try {
    for (const file of artifact.files) {
      const { path, size, md5 } = await writeFileBelow(folder, file.path, file, signal);
      entries.push({ path: file.path, digest: md5, size, localPath: path });
    }
  } catch (error) {
    // What is tried again is copied anew, and the disk may be what is full.
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  for (const { path, uri, digest, size = 0 } of artifact.references ?? []) entries.push({ path, digest, ref: uri, size });
  const digest = manifestDigest(Object.fromEntries(entries.map((entry) => [entry.path, entry])));
  return {
    runId: run.id,
    ...(run.entity !== undefined && { entity: run.entity }),
    ...(run.project !== undefined && { project: run.project }),
    type: artifact.type,
    name: artifact.name,
    digest,
    ...(artifact.description !== undefined && { description: artifact.description }),
    ...(artifact.metadata !== undefined && { metadata: JSON.stringify(artifact.metadata) }),
    aliases: [...new Set(['latest', ...(artifact.aliases ?? [])])],
    ...artifactIds({ entity: run.entity ?? '', project: run.project ?? '', id: run.id }, artifact.name, digest),
    entries,
  };
}
