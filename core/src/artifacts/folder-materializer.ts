import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { isMortiseError, NotSerializable } from '../errors.ts';
import { checkKey } from './artifact-key.ts';
import { newCopy } from './copies-folder.ts';
import { fileBytes } from './file-bytes.ts';
import { forEachAtOnce } from './for-each-at-once.ts';
import { FolderArtifact, folderName, isFolderArtifact } from './folder-artifact.ts';
import { filesIn } from './folder-files.ts';
import type { ArtifactReader, Materializer } from './materializer.ts';
import { writeNewFile } from './write-new-file.ts';

const CHUNK_BYTES = 1 << 18;
/** Files that are read or written at the same time. */
const AT_ONCE = 8;

/** The files of a folder, streamed. Loading gives the stored files themselves where they lie on this host as a folder, else a copy of its own. */
export const folderMaterializer: Materializer<FolderArtifact> = {
  name: 'folder',
  version: 1,
  handles: isFolderArtifact,
  async save({ path, name }, out) {
    const label = `folder("${path}")`;
    const files = await filesIn(path, label);
    if (files.length === 0) throw new NotSerializable({ path: label, what: 'a folder without any file' });
    for (const file of files) checkPath(file, label);
    await forEachAtOnce(AT_ONCE, files, async (file) => {
      const { size } = await stat(join(path, file));
      const { body, ...options } = fileBytes(join(path, file), size, CHUNK_BYTES);
      await out.write(body, { ...options, path: file });
    });
    return { name };
  },
  async load(from, meta) {
    const { name } = meta as { name: string };
    const stored = await storedFolder(from);
    if (stored === undefined) return new FolderArtifact(await download(from, name), name);
    // Read to their ends, because only that checks their hashes.
    await forEachAtOnce(AT_ONCE, from.paths, async (path) => {
      for await (const _ of from.stream(path));
    });
    return new FolderArtifact(stored, name);
  },
};

/** Not every name that a file can have on this host can be stored everywhere. */
function checkPath(file: string, label: string): void {
  try {
    checkKey(file);
  } catch (cause) {
    if (!isMortiseError(cause)) throw cause;
    throw new NotSerializable({ path: `${label}/${file}`, what: 'a file whose name no artifact store can keep' }, { cause });
  }
}

/** The folder in which the files lie under their paths, and nothing else with them; undefined if there is none. */
async function storedFolder(from: ArtifactReader): Promise<string | undefined> {
  const [first] = from.paths;
  const path = first === undefined ? undefined : from.localPath(first);
  if (first === undefined || path === undefined) return undefined;
  const root = join(path, ...first.split('/').map(() => '..'));
  if (from.paths.some((each) => from.localPath(each) !== join(root, each))) return undefined;
  const found = await filesIn(root, root).catch(() => []);
  return found.length === from.paths.length && found.every((each, index) => each === from.paths[index]) ? root : undefined;
}

function download(from: ArtifactReader, name: string): Promise<string> {
  return newCopy('folder', async (folder) => {
    const root = join(folder, folderName(name));
    await forEachAtOnce(AT_ONCE, from.paths, async (path) => {
      const file = join(root, path);
      await mkdir(dirname(file), { recursive: true });
      await writeNewFile(file, from.stream(path));
    });
    return root;
  });
}
