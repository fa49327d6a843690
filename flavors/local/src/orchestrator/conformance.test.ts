import { describe, it } from '@jest/globals';
import { temporaryBackend, testOrchestrator } from '@mortise/flavor-testkit';

import localOrchestrator from './index.ts';

testOrchestrator({ describe, it }, { name: 'local', backend: temporaryBackend(localOrchestrator) });
