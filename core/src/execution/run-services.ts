import { HandOver } from '../artifacts/hand-over.ts';
import type { Project } from '../project/project.ts';
import type { AssembledStack } from '../stack/assembled-stack.ts';
import { processLog } from '../stack/logger.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { openRunTracking } from '../tracking/open-run-tracking.ts';
import type { RunTracking, RunTrackingOptions } from '../tracking/run-tracking.ts';
import { StepSources } from './cache-key.ts';
import { workerIdentity } from './worker-identity.ts';

/** What a run has one of. */
export interface RunServices {
  tracking: RunTracking;
  handOver: HandOver;
  sources: StepSources;
}

/** What a run's services are made from. */
export interface RunParts {
  project: Project;
  store: MetadataStore;
  stack: AssembledStack;
  run: RunTrackingOptions['run'];
  /** How long a step and the end of the run wait for trackers, ms. */
  trackerTimeoutMs: number | undefined;
  onTrackerWait: RunTrackingOptions['onTrackerWait'];
}

export function runServices({ project, store, stack, run, trackerTimeoutMs: ms, onTrackerWait }: RunParts): RunServices {
  const { root, cacheFolder, logsFolder: logFolder } = project;
  const waits = { ...(ms !== undefined && { openTimeoutMs: ms, drainTimeoutMs: ms }), ...(onTrackerWait && { onTrackerWait }) };
  const { trackers } = stack;
  const tracking = openRunTracking({ store, run, log: processLog(), logFolder, workerId: workerIdentity().id, trackers, ...waits });
  return { tracking, handOver: new HandOver(), sources: new StepSources({ root, cacheFolder }) };
}
