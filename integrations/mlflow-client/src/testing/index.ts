/** A tracking server for tests that need none. */
export { startStubServer, type StubServer, type StubServerOptions } from './stub-server.ts';
export type { StubFault } from './stub-fault.ts';
export type { StubRequest } from './stub-request.ts';
export type { StubArtifact } from './artifact-tree.ts';
export type {
  StubDataset,
  StubExperiment,
  StubLoggedModel,
  StubModelVersion,
  StubPoint,
  StubRegisteredModel,
  StubRun,
  StubStore,
} from './stub-store.ts';
