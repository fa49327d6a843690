import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { temporaryBackend, testArtifactStore } from '@mortise/flavor-testkit';

import flavor from './index.js';
import { CAPABILITIES } from './store.js';

testArtifactStore(
  { describe, it },
  {
    name: 'flavor-name',
    capabilities: CAPABILITIES,
    takesDown: true,
    backend: async () => {
      const backend = await temporaryBackend(flavor, () => ({ folder: 'objects' }))();
      const folder = join(backend.folder, 'objects');
      return {
        ...backend,
        // A file where the folder was: nothing can be written there.
        takeDown: async () => {
          renameSync(folder, `${folder}-away`);
          writeFileSync(folder, '');
          return async () => {
            rmSync(folder);
            renameSync(`${folder}-away`, folder);
          };
        },
      };
    },
  },
);
