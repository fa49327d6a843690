import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where an offline run is: while it is open in a folder of its own, then in an archive; in several if it was opened again after its end. */
export class RunFiles {
  /** Where the archives are. */
  readonly root: string;
  readonly key: string;

  constructor(root: string, key: string) {
    this.root = root;
    this.key = key;
  }

  /** Of the run as long as it is open. */
  get folder(): string {
    return join(this.root, this.key);
  }

  get log(): string {
    return join(this.folder, 'messages.log');
  }

  get assets(): string {
    return join(this.folder, 'assets');
  }

  /** The first is `KEY.zip`; names of others come after it in any listing, as they are to be uploaded after it. */
  archive(part: number): string {
    return join(this.root, part === 1 ? `${this.key}.zip` : `${this.key}_${part}.zip`);
  }

  /** How many archives there are. */
  async parts(): Promise<number> {
    const names = new Set(await namesIn(this.root));
    let part = 0;
    while (names.has(this.archive(part + 1).slice(this.root.length + 1))) part++;
    return part;
  }

  /** The same for the same event, however often it comes: a name in the archive, and Comet's id of the asset. */
  assetId(event: { writer: string; seq: number }, path: string): string {
    return createHash('sha256')
      .update(JSON.stringify([this.key, event.writer, event.seq, path]))
      .digest('hex')
      .slice(0, 32);
  }
}

/** Of what is in a folder; none where there is no folder. One that cannot be read may have any. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
