import { describe, it } from '@jest/globals';
import { temporaryBackend, testArtifactStore } from '@mortise/flavor-testkit';

import localArtifactStore from './index.ts';

const capabilities = { createOnly: 'atomic', range: true, reach: 'host', presign: false } as const;
testArtifactStore({ describe, it }, { name: 'local', capabilities, backend: temporaryBackend(localArtifactStore) });
