import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { ZipFile } from 'yazl';

/** A ZIP archive, uncompressed as Comet's own client writes them. */
export async function zipped(path: string, files: Record<string, string | Iterable<string>>): Promise<void> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) {
    const chunks = typeof content === 'string' ? [content] : content;
    zip.addReadStream(Readable.from(chunks, { objectMode: false }), name, { compress: false });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}
