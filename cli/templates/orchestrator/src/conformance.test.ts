import { describe, it } from 'node:test';

import { temporaryBackend, testOrchestrator } from '@mortise/flavor-testkit';

import flavor from './index.js';

testOrchestrator({ describe, it }, { name: 'flavor-name', backend: temporaryBackend(flavor, () => ({ concurrency: 8 })) });
