import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** Puts a file where a backend has its folder, so that nothing can be read or written there, until the function that it gives is called. */
export async function takeFolderAway(folder: string): Promise<() => Promise<void>> {
  const away = `${folder}-away`;
  renameSync(folder, away);
  writeFileSync(folder, '');
  return async () => {
    rmSync(folder);
    renameSync(away, folder);
  };
}
