import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { CliProject } from '../../cli/src/testing/cli-project.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** What the guides have npm install, by where it lies in the repository. */
const PACKAGES = {
  '@mortise/comet': 'integrations/comet',
  '@mortise/flavor-testkit': 'flavors/testkit',
  '@mortise/mlflow': 'integrations/mlflow',
  '@mortise/mlflow-client': 'integrations/mlflow-client',
  '@mortise/neptune': 'integrations/neptune',
  '@mortise/s3': 'integrations/s3',
  '@mortise/wandb': 'integrations/wandb',
  '@types/node': 'node_modules/@types/node',
  'class-validator': 'node_modules/class-validator',
};

export function installGuidesNeeds({ folder }: CliProject): void {
  for (const [name, path] of Object.entries(PACKAGES)) {
    const place = join(folder, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(repository, path), place, 'dir');
  }
}
