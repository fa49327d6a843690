import type { ExperimentTracker, LoggedEvent, TrackerCapabilities, TrackerRunRef } from '@mortise/core';

import type { Lack, TrackerState } from './tracker-state.ts';

/** What is tested: a kind of experiment tracker, and what it claims to be able to do. */
export interface ExperimentTrackerSuite {
  name: string;
  /** Must be what the tracker says of itself; each claim is checked. */
  capabilities: TrackerCapabilities;
  /** Called for each test. It may give the same server each time. */
  backend(): Promise<ExperimentTrackerBackend>;
  /** What the tracker has no place for, so that it is not looked for. Default: nothing. */
  lacks?: readonly Lack[];
  /** What its backends can be made to do. Default: nothing. */
  faults?: readonly Fault[];
  /** Something that this tracker refuses for good, while it takes other things. */
  refused?: LoggedEvent;
  /** Texts that no ref may hold. */
  secrets?: readonly string[];
}

/** `down`: cannot be reached. `denied`: takes no credentials. `hang`: never answers. */
export type Fault = 'down' | 'denied' | 'hang';

/** A place where runs are kept: a server, a folder. */
export interface ExperimentTrackerBackend {
  /** An instance of the tracker, as a process of its own would make it. */
  create(): Promise<ExperimentTracker>;
  /** What the backend holds of a run, asked for past the tracker under test; undefined if it knows no such run. */
  read(ref: TrackerRunRef): Promise<TrackerState | undefined>;
  /** Everything fails in this way until the function that it gives is called. */
  fail?(fault: Fault): Promise<() => Promise<void>>;
  /** The test is over. */
  remove?(): Promise<void> | void;
}
