import type { ImportedFile } from '@mortise/core';
import type { ArtifactRecord } from '@mortise/wandb-client';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { FAR, hasMd5, lackOf, REFERRED } from './as-logged.ts';
import { entriesAt } from './entries-at.ts';
import { presentAt } from './present-at.ts';

/** Made of the records, which are taken over themselves. */
const TOLD_OTHERWISE = ['output.log', 'config.yaml', 'wandb-summary.json'];

/**
 * The files of a run's folder.
 * @param told paths that its log tells of
 * @param tell of those that are not there
 */
export async function filesOfRun(folder: string, told: ReadonlySet<string>, tell: (message: string) => void): Promise<ImportedFile[]> {
  const root = join(folder, 'files');
  const entries = (await presentAt(root)) === undefined ? [] : await readdir(root, { recursive: true, withFileTypes: true });
  const found = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  const paths = found.map((path) => path.replaceAll(sep, '/')).filter((path) => !TOLD_OTHERWISE.includes(path));
  const files: ImportedFile[] = [];
  for (const path of new Set([...paths.sort(), ...told])) {
    if (TOLD_OTHERWISE.includes(path)) continue;
    const file = isBelow(path) ? await fileAt(join(root, path), path) : undefined;
    if (file === undefined) tell(`its file ${path} is not taken over: it is not there`);
    else files.push(file);
  }
  return files;
}

/** The files of an artifact that are on this machine still, as they were logged, each below `folder`. */
export async function filesOfArtifact(
  { name, type, entriesPath, ...artifact }: ArtifactRecord,
  folder: string,
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<ImportedFile[]> {
  const entries = entriesPath === undefined ? artifact.entries : await entriesAt(entriesPath, signal);
  if (entries === undefined) {
    tell(`the files of its artifact ${name} are not taken over: their list cannot be read at ${entriesPath}`);
    return [];
  }
  const files: ImportedFile[] = [];
  const lacking = new Map<string, number>();
  let unchecked = 0;
  for (const { path, localPath, ...entry } of entries) {
    const isNamed = localPath !== undefined && isBelow(path);
    const why = isNamed ? await lackOf({ ...entry, localPath }, signal) : entry.ref?.startsWith('file:') === true ? REFERRED : FAR;
    if (why === undefined) {
      files.push({ ...fileOf(localPath!, `${folder}/${path}`), type });
      if (!hasMd5(entry)) unchecked++;
    } else lacking.set(why, (lacking.get(why) ?? 0) + 1);
  }
  for (const [why, count] of lacking) tell(`${count} of ${entries.length} files of its artifact ${name} are not taken over: ${why}`);
  if (unchecked > 0)
    tell(
      `${unchecked} of ${entries.length} files of its artifact ${name} may be others now than when they were logged: as their digest is no MD5, only the size was compared`,
    );
  return files;
}

async function fileAt(file: string, path: string): Promise<ImportedFile | undefined> {
  const found = await presentAt(file);
  return found?.isFile() ? fileOf(file, path) : undefined;
}

function fileOf(file: string, path: string): ImportedFile {
  return { kind: 'artifact', path, read: (signal) => createReadStream(file, { signal }) };
}

const isBelow = (path: string): boolean =>
  path !== '' && path.split('/').every((part) => part !== '..' && part !== '') && !path.includes('\0');
