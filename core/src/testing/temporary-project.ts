import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { initProject } from '../project/init-project.ts';
import type { Project } from '../project/project.ts';

const CORE = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A project in a folder of its own, which `MORTISE_PROJECT` points to until it is removed. For tests. Scripts in it import `@mortise/core`
 * as it was built.
 */
export async function temporaryProject(): Promise<{ project: Project; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'mortise-'));
  const before = process.env['MORTISE_PROJECT'];
  process.env['MORTISE_PROJECT'] = folder;
  const { project } = await initProject(folder);
  mkdirSync(join(folder, 'node_modules', '@mortise'), { recursive: true });
  symlinkSync(CORE, join(folder, 'node_modules', '@mortise', 'core'), 'dir');
  return {
    project,
    remove() {
      if (before === undefined) delete process.env['MORTISE_PROJECT'];
      else process.env['MORTISE_PROJECT'] = before;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
