import { buffer } from 'node:stream/consumers';

import { open, type Entry, type ZipFile } from 'yauzl';

/** All files of a ZIP archive, by name. */
export function unzipped(path: string): Promise<Map<string, Buffer>> {
  return new Promise((resolve, reject) => {
    open(path, { lazyEntries: true }, (error: Error | null, zip?: ZipFile) => {
      if (error !== null || zip === undefined) return reject(error ?? new Error('no archive'));
      const files = new Map<string, Buffer>();
      zip.on('error', reject).on('end', () => resolve(files));
      zip.on('entry', (entry: Entry) =>
        zip.openReadStream(entry, (failed, stream) => {
          if (failed !== null || stream === undefined) return reject(failed ?? new Error('no stream'));
          buffer(stream).then((bytes) => {
            files.set(entry.fileName, bytes);
            zip.readEntry();
          }, reject);
        }),
      );
      zip.readEntry();
    });
  });
}
