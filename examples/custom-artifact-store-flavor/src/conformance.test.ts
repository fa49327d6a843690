import { describe, it } from 'node:test';

import { temporaryBackend, testArtifactStore } from '@mortise/flavor-testkit';

import sqlite from './index.js';
import { SQLITE_CAPABILITIES } from './sqlite-artifact-store.js';

testArtifactStore(
  { describe, it },
  { name: 'sqlite', capabilities: SQLITE_CAPABILITIES, backend: temporaryBackend(sqlite, () => ({ file: 'kept/artifacts.db' })) },
);
