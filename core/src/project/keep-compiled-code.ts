import { accessSync, constants } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

import { findProject } from './find-project.ts';

/**
 * Lets Node keep compiled code in the project between two processes: a third of what a short run costs is compiling what runs it. To be called before
 * that is imported. Where there is no project, or it cannot be written to, nothing is kept; the run itself says what is wrong.
 */
export function keepCompiledCode(): void {
  try {
    const { folder, cacheFolder } = findProject();
    // Node never returns from enableCompileCache() where the folder cannot be made.
    accessSync(folder, constants.W_OK | constants.X_OK);
    enableCompileCache(join(cacheFolder, 'code'));
  } catch {
    return;
  }
}
