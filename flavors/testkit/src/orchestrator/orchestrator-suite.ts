import type { Orchestrator } from '@mortise/core';

/** What is tested: a kind of orchestrator. */
export interface OrchestratorSuite {
  name: string;
  /** It runs one step after another, however many may run at once. Default false: what can run at once does. */
  sequential?: boolean;
  /** Its backends can be taken down: it is checked that the orchestrator says so. Default false. */
  takesDown?: boolean;
  /** Called for each test. It may give the same place each time. */
  backend(): Promise<OrchestratorBackend>;
}

/** A place where steps are told to run: this process, a cluster. */
export interface OrchestratorBackend {
  /** An instance of the orchestrator, as a run of its own would make it. */
  create(): Promise<Orchestrator>;
  /** Cuts the place off until the function that it gives is called. */
  takeDown?(): Promise<() => Promise<void>>;
  /** The test is over. */
  remove?(): Promise<void> | void;
}
