import { isAbsolute } from 'node:path';
import { StoreUrlUnsupported } from '../errors.ts';
import type { MetadataStore } from './metadata-store.ts';

const SQLITE = 'sqlite:';

/**
 * Opens the store at `url` (`sqlite:` and an absolute path) and brings it to the newest schema. A store that does not exist is made only with
 * `create` (its folder must be there). Throws `StoreUrlUnsupported`, `StoreMissing`, `StoreLeftOpen`, `StoreCorrupt`, `StoreTooNew`,
 * `FolderNotWritable`, `StoreWriteFailed`, `StoreBusy`. Where it may not be written to, it can be read.
 */
export async function openStore(url: string, options: { create?: boolean } = {}): Promise<MetadataStore> {
  const path = url.startsWith(SQLITE) ? url.slice(SQLITE.length) : '';
  if (!isAbsolute(path)) throw new StoreUrlUnsupported({ url });
  const { openSqliteStore } = await import('./sqlite-metadata-store.ts');
  return openSqliteStore(path, options.create ?? false);
}
