import type { ArtifactStore, ArtifactStoreCapabilities } from '@mortise/core';

/** What is tested: a kind of artifact store, and what it claims to be able to do. */
export interface ArtifactStoreSuite {
  name: string;
  /** Must be what the store says of itself; each claim is checked. */
  capabilities: ArtifactStoreCapabilities;
  /** Its backends can be taken down: it is checked that the store says so. Default false. */
  takesDown?: boolean;
  /** Called for each test. It may give the same place each time, also one with other objects in it: each test writes under a prefix of its own. */
  backend(): Promise<ArtifactStoreBackend>;
}

/** A place where objects are kept: a folder, a bucket. */
export interface ArtifactStoreBackend {
  /** An instance of the store, as a process of its own would make it. All instances of a backend are of one place. */
  create(): Promise<ArtifactStore>;
  /** Bytes of objects that the place has handed out so far. Given, it is checked whether a range is read without the rest. */
  bytesRead?(): number;
  /** Cuts the place off until the function that it gives is called. */
  takeDown?(): Promise<() => Promise<void>>;
  /** The test is over. Without it, what the test put is deleted. */
  remove?(): Promise<void> | void;
}
