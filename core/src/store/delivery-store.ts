import type { JsonObject } from '../json.ts';
import type { RunStatus } from '../pipeline/pipeline-spec.ts';
import type { Outcome, TrackerRunRef } from '../tracking/experiment-tracker.ts';
import type { RunUnderWay, WorkerRecord } from './run-data.ts';

/** Tracker runs of one pipeline run at one component that have not reached their end, though it is due. */
export interface DueTrackerRuns {
  /** Pipeline run. */
  runId: string;
  run: string;
  component: string;
  flavor: string;
  trackerRuns: number;
  /** The run has ended in every process: whoever claims them may bring them to their end. */
  free: boolean;
  /** The process that is bringing them to their end now. */
  claimedBy?: WorkerRecord;
  lastError?: string;
}

/** A tracker run as another process needs it to bring it to its end. */
export interface StoredTrackerRun {
  key: string;
  /** Pipeline run (the parent's) or step run. */
  runId: string;
  /** Among the trackers of its step, and whether there are several. */
  position: number;
  several: boolean;
  status: RunStatus | 'cached';
  ref?: TrackerRunRef;
  desired: Outcome;
  acked: Record<string, number>;
  supersededBy?: string;
  settings: JsonObject;
  startedAt: number;
  endedAt: number;
  /** Its pipeline run had ended before, and was resumed. */
  resumed: boolean;
  /** Absent for the parent. */
  step?: { stepId: string; mapIndex?: number; attempt: number };
}

/** An event that a tracker refused for good. */
export interface RejectedEvent {
  trackerRunKey: string;
  component: string;
  /** Pipeline run and its name. */
  runId: string;
  run: string;
  /** Whose event it is in the log: the step run, or the pipeline run itself. */
  loggedBy: string;
  flavor: string;
  /** `train`, `each[2]`; absent for the pipeline run's own tracker run. */
  step?: string;
  attempt: number;
  writer: string;
  seq: number;
  why: string;
}

/** What a tracker refused of a run for good. */
export interface Refusals {
  component: string;
  events: number;
  /** Of the first. */
  why: string;
}

export interface SegmentRecord {
  id: string;
  runId: string;
  /** As its writer knew it. */
  path: string;
  /** Host of the process that wrote it. */
  host: string;
  appliedOffset: number;
  /** Lines before `appliedOffset`. */
  appliedLines: number;
  sealed: boolean;
}

/** A segment that the store and all trackers have, as far as it had been written when it was last read. */
export interface DrainedSegment extends Pick<SegmentRecord, 'id' | 'runId' | 'path' | 'appliedOffset' | 'appliedLines'> {
  /** Whoever may still write to it: the owners of its run, if it was others that read it to the end. */
  writers: Pick<RunUnderWay, 'owner' | 'since' | 'beatAt' | 'now'>[];
}

/** Tracker runs of a pipeline run at one component, held by a process. */
export interface HeldClaim {
  /** Pipeline run. */
  runId: string;
  component: string;
  worker: Pick<WorkerRecord, 'id'>;
}

export interface TrackerRunClaim extends HeldClaim {
  worker: WorkerRecord;
}

/** Of all components and runs, unless they are given. `runId` is a pipeline run's. */
export interface DeliveryQuery {
  component?: string;
  runId?: string;
}

/** Another experiment tracker for a run that is over. */
export interface AddedTracker {
  /** Pipeline run. */
  runId: string;
  component: string;
  flavor: string;
  /** What each step sets for it, by step id. */
  settings: Record<string, JsonObject>;
}

/** What of a metadata store brings tracker runs to their end after the process that ran them. */
export interface DeliveryStore {
  /** Whether there may be anything that others left to do: tracker runs that are due, event logs that are not applied. One look at two small indexes. */
  hasLeftWork(): Promise<boolean>;
  /**
   * Makes the tracker runs of a run that is over at a component that was none of its: of each attempt, and of the run itself. What was dropped waits again.
   * Nothing changes for those that there are. Gives how many are new.
   */
  addTrackerRuns(tracker: AddedTracker): Promise<number>;
  /** What waits, run by run; the oldest first. What was dropped does not wait. */
  dueTrackerRuns(query: DeliveryQuery): Promise<DueTrackerRuns[]>;
  /**
   * Takes the tracker runs of one run and component that are `due` (or of which events were `rejected`), for a limited time, if their run has ended in every
   * process and nobody else has them. Gives them, or none. A parent that was never made is made.
   */
  claimTrackerRuns(claim: TrackerRunClaim, what: 'due' | 'rejected'): Promise<StoredTrackerRun[]>;
  /** False: the claim was lost to another process. */
  renewClaim(claim: HeldClaim): Promise<boolean>;
  releaseClaim(claim: HeldClaim): Promise<void>;
  /** Frees what a worker has claimed: it is dead. */
  releaseClaimsOf(workerId: string): Promise<void>;
  /**
   * Gives up what waits, and the set-aside events, except of runs that are under way. Gives how many. Those events of what waited are set aside again when it is
   * wanted again (`addTrackerRuns`).
   */
  dropTrackerRuns(query: DeliveryQuery): Promise<{ trackerRuns: number; events: number }>;
  /** How far those that wait have come: step run (or pipeline run) and what is acknowledged. */
  dueAcked(runId: string, component: string): Promise<{ runId: string; acked: Record<string, number> }[]>;
  /** By run and step. */
  rejectedEvents(query: DeliveryQuery): Promise<RejectedEvent[]>;
  /** The same of one pipeline run, counted by tracker. */
  refusals(runId: string): Promise<Refusals[]>;
  /** Of a pipeline run. */
  segments(runId: string): Promise<SegmentRecord[]>;
  /** Ids of runs that have ended and whose event log is not known to be applied to its end. */
  runsWithOpenLogs(): Promise<string[]>;
}
