import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { StepProcessNotStarted } from '../../errors.ts';
import { moduleUrl } from '../../module-url.ts';

/** Where the build puts `main.ts`, seen from the package's folder. */
const ENTRY = 'dist/execution/child/main.js';

/** The file that a step process begins with: always the built one, also when this runs from its sources. Throws `StepProcessNotStarted`. */
export function stepProcessEntry(from = moduleUrl(import.meta)): string {
  const folder = /^(.*\/)(?:src|dist)\//.exec(from)?.[1] ?? new URL('.', from).href;
  const path = fileURLToPath(new URL(ENTRY, folder));
  if (!existsSync(path))
    throw new StepProcessNotStarted({
      reason: `there is no ${path}; where @mortise/core is bundled into a program, declare it external`,
    });
  return path;
}
