import assert from 'node:assert/strict';

import type { TestRunner } from '../test-runner.ts';
import type { ArtifactStoreSuite } from './artifact-store-suite.ts';
import { failedPutClauses } from './failed-put-clauses.ts';
import { getClauses } from './get-clauses.ts';
import { keyClauses } from './key-clauses.ts';
import { listClauses } from './list-clauses.ts';
import { putClauses } from './put-clauses.ts';
import { StorePlace, type Clause } from './store-place.ts';

/**
 * Tests an artifact store against everything that `ArtifactStore` promises.
 * @example
 * testArtifactStore({ describe, it }, { name: 'local', capabilities, backend: temporaryBackend(localArtifactStore) });
 */
export function testArtifactStore(runner: TestRunner, suite: ArtifactStoreSuite): void {
  const { name, capabilities, backend } = suite;
  const it: Clause = (claim, prove) =>
    runner.it(claim, async () => {
      const place = await StorePlace.open(await backend());
      try {
        await prove(place);
      } finally {
        await place.close();
      }
    });
  runner.describe(`the artifact store ${name}`, () => {
    it('claims what it is tested for', async ({ store }) => {
      assert.deepEqual({ ...store.capabilities }, { ...capabilities });
      assert.ok(typeof store.id === 'string' && store.id !== '', 'it has no id');
    });
    putClauses(it, capabilities);
    failedPutClauses(it);
    getClauses(it, suite);
    keyClauses(it, capabilities);
    listClauses(it);
  });
}
