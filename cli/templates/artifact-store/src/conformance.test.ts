import { join } from 'node:path';
import { describe, it } from 'node:test';

import { takeFolderAway, temporaryBackend, testArtifactStore } from '@mortise/flavor-testkit';

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
      return { ...backend, takeDown: () => takeFolderAway(join(backend.folder, 'objects')) };
    },
  },
);
