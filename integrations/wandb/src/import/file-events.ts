import type { ImportedFile } from '@mortise/core';
import type { ArtifactRecord } from '@mortise/wandb-client';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';

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

/** The files of an artifact that are on this machine still, each below `folder`. */
export async function filesOfArtifact(
  { name, type, entries }: ArtifactRecord,
  folder: string,
  tell: (message: string) => void,
): Promise<ImportedFile[]> {
  const files: ImportedFile[] = [];
  let far = 0;
  for (const { path, localPath } of entries) {
    const file = localPath !== undefined && isBelow(path) ? await fileAt(localPath, `${folder}/${path}`) : undefined;
    if (file === undefined) far++;
    else files.push({ ...file, type });
  }
  if (far > 0) tell(`${far} of ${entries.length} files of its artifact ${name} are not taken over: they are not on this machine`);
  return files;
}

async function fileAt(file: string, path: string): Promise<ImportedFile | undefined> {
  const found = await presentAt(file);
  return found?.isFile() ? { kind: 'artifact', path, read: (signal) => createReadStream(file, { signal }) } : undefined;
}

const isBelow = (path: string): boolean =>
  path !== '' && path.split('/').every((part) => part !== '..' && part !== '') && !path.includes('\0');
