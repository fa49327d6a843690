// Removes everything that a build, a test or the demo made; leaves node_modules.
import { globSync, rmSync } from 'node:fs';

for (const folder of globSync(['{core,cli}/dist', 'flavors/*/dist', '.tsbuild', '.scratch', 'benchmarks/.scratch', 'coverage']))
  rmSync(folder, { recursive: true });
