import { compareKeys, type StoredObject } from '@mortise/core';
import type { ArtifactFile } from '@mortise/mlflow-client';

import { segmentOf } from './stored-path.ts';

/** Tells what is in a folder, which is named as the server keeps it, relative to the store's. */
export type ListFolder = (folder: string) => Promise<ArtifactFile[]>;

/** A file or folder of a listing, with how its name reads in keys. Folders end in `/`, which is also how they sort among keys. */
interface Entry {
  key: string;
  file: ArtifactFile;
}

/**
 * The objects whose keys begin with `prefix` and come after `after`, in binary order. MLflow lists one folder at a time, without times; folders that hold
 * none of them are not asked for.
 */
export async function* listObjects(list: ListFolder, prefix: string, after: string): AsyncGenerator<StoredObject, void, undefined> {
  yield* objectsIn(list, { key: '', path: '' }, prefix, after);
}

async function* objectsIn(
  list: ListFolder,
  folder: { key: string; path: string },
  prefix: string,
  after: string,
): AsyncGenerator<StoredObject, void, undefined> {
  for (const { key, file } of entriesOf(await list(folder.path), folder.key)) {
    if (!file.isDir) {
      if (key.startsWith(prefix) && compareKeys(key, after) > 0) yield { key, size: file.fileSize ?? 0 };
      continue;
    }
    const holdsSome = key.startsWith(prefix) || prefix.startsWith(key);
    // All keys of a folder begin with its own: they come after `after` as it does, unless `after` lies within.
    const isAfter = compareKeys(key, after) > 0 || after.startsWith(key);
    const path = folder.path === '' ? file.path : `${folder.path}/${file.path}`;
    if (holdsSome && isAfter) yield* objectsIn(list, { key, path }, prefix, after);
  }
}

/** What others put there is left out. */
function entriesOf(files: readonly ArtifactFile[], folder: string): Entry[] {
  const entries = files.flatMap((file) => {
    const segment = segmentOf(file.path);
    return segment === undefined ? [] : [{ key: `${folder}${segment}${file.isDir ? '/' : ''}`, file }];
  });
  return entries.sort((a, b) => compareKeys(a.key, b.key));
}
