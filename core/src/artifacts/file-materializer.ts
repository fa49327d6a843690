import { extname, join } from 'node:path';

import { FileNotFound, NotSerializable } from '../errors.ts';
import { newCopy } from './copies-folder.ts';
import { FileArtifact, isFileArtifact } from './file-artifact.ts';
import { fileBytes } from './file-bytes.ts';
import type { ArtifactReader, Materializer } from './materializer.ts';
import { statIfThere } from './stat-if-there.ts';
import { writeNewFile } from './write-new-file.ts';

const CHUNK_BYTES = 1 << 20;

/** The bytes of a file, streamed. Loading gives the stored file itself where it lies on this host, else a copy of its own. */
export const fileMaterializer: Materializer<FileArtifact> = {
  name: 'file',
  version: 1,
  handles: isFileArtifact,
  async save({ path, name }, out) {
    const stats = await statIfThere(path);
    if (stats === undefined) throw new FileNotFound({ file: path });
    if (!stats.isFile())
      throw new NotSerializable({ path: `file("${path}")`, what: stats.isDirectory() ? 'a folder (use folder())' : 'no regular file' });
    const extension = extname(name).slice(1);
    const { body, ...options } = fileBytes(path, stats.size, CHUNK_BYTES);
    await out.write(body, { ...options, ...(/^[A-Za-z0-9]{1,16}$/.test(extension) && { extension }) });
    return { name };
  },
  async load(from, meta) {
    const { name } = meta as { name: string };
    const path = from.localPath();
    if (path === undefined) return new FileArtifact(await download(from, name), name);
    // Read to its end, because only that checks its hash.
    for await (const _ of from.stream());
    return new FileArtifact(path, name);
  },
};

function download(from: ArtifactReader, name: string): Promise<string> {
  return newCopy('file', async (folder) => {
    const path = join(folder, name);
    await writeNewFile(path, from.stream());
    return path;
  });
}
