import { describe, expect, it } from '@jest/globals';

import { CollectingRunner } from '../testing/collecting-runner.ts';
import { getMutants } from '../testing/get-mutants.ts';
import { keyMutants } from '../testing/key-mutants.ts';
import { listMutants } from '../testing/list-mutants.ts';
import { MemoryArtifactStore, newMemory, type Memory } from '../testing/memory-artifact-store.ts';
import { putMutants } from '../testing/put-mutants.ts';
import type { ArtifactStoreBackend, ArtifactStoreSuite } from './artifact-store-suite.ts';
import { testArtifactStore } from './test-artifact-store.ts';

function backendOf(Store: new (memory: Memory) => MemoryArtifactStore): ArtifactStoreBackend {
  const memory = newMemory();
  return {
    create: async () => new Store(memory),
    bytesRead: () => memory.bytesRead,
    async takeDown() {
      memory.down = true;
      return async () => void (memory.down = false);
    },
  };
}

function suiteOf(Store: new (memory: Memory) => MemoryArtifactStore): ArtifactStoreSuite {
  const { capabilities } = new MemoryArtifactStore(newMemory());
  return { name: 'in memory', capabilities, takesDown: true, backend: async () => backendOf(Store) };
}

testArtifactStore({ describe, it }, suiteOf(MemoryArtifactStore));

describe('the suite for artifact stores catches one that', () => {
  it.each([...putMutants, ...getMutants, ...keyMutants, ...listMutants])('$does', async ({ caughtBy, Store }) => {
    const runner = new CollectingRunner();
    testArtifactStore(runner, suiteOf(Store));
    expect(await runner.failureOf(caughtBy)).toEqual(expect.any(String));
  });
});
