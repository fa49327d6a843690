import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { Flavor } from '../stack/flavor.ts';

/** Not a literal in the import: the flavor's package is built after this one. */
const LOCAL: string = '@mortise/flavor-local';

export interface TemporaryArtifactStore extends Disposable {
  store: ArtifactStore;
  /** Where its objects lie. */
  folder: string;
}

/** A local artifact store in a folder of its own, which is removed when it is disposed. */
export async function temporaryArtifactStore(): Promise<TemporaryArtifactStore> {
  const folder = mkdtempSync(join(tmpdir(), 'mortise-artifacts-'));
  const { localArtifactStore } = (await import(LOCAL)) as { localArtifactStore: Flavor<'artifact-store'> };
  const { create } = await localArtifactStore.load();
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet };
  const store = await create({ config: { path: folder }, name: 'local', log, fetch, scratch: folder, projectRoot: folder });
  return { store, folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
