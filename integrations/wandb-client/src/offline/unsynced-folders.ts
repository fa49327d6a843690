import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { isCode } from './error-code.ts';

/** Folders whose entries may not be on the disk yet: where a machine fails, a file whose name is not there is nowhere. */
export class UnsyncedFolders {
  readonly #folders = new Set<string>();

  /** A file was made at `path`, and perhaps the folders below `top` that lead to it. */
  add(path: string, top: string): void {
    const last = resolve(top);
    for (let at = resolve(path); at !== last && at !== dirname(at);) this.#folders.add((at = dirname(at)));
  }

  /** Throws errors of the file system. */
  async sync(): Promise<void> {
    for (const folder of this.#folders) {
      await syncFolder(folder);
      this.#folders.delete(folder);
    }
  }
}

/** Some systems cannot, some folders may be written to and not be opened, and one that was taken away has nothing to bring to the disk. */
async function syncFolder(path: string): Promise<void> {
  try {
    await using folder = await open(path);
    await folder.sync();
  } catch (error) {
    if (!isCode(error, 'EACCES', 'EINVAL', 'EISDIR', 'ENOENT', 'ENOTSUP', 'EPERM')) throw error;
  }
}
