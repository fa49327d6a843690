import type { MemoryArtifactStore, Memory } from './memory-artifact-store.ts';

/** A store that breaks one clause. */
export interface ArtifactStoreMutant {
  /** What it does wrong. */
  does: string;
  /** The test that must catch it. */
  caughtBy: string;
  Store: new (memory: Memory) => MemoryArtifactStore;
}
