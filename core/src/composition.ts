import { Container } from 'inversify';

import { HandOver } from './artifacts/hand-over.ts';
import { StepSources } from './execution/cache-key.ts';
import { workerIdentity } from './execution/worker-identity.ts';
import type { Project } from './project/project.ts';
import type { AssembledStack } from './stack/assembled-stack.ts';
import type { Logger } from './stack/flavor.ts';
import { stderrLogger } from './stack/logger.ts';
import type { MetadataStore } from './store/metadata-store.ts';
import type { WorkerRecord } from './store/run-data.ts';
import { openProjectStore } from './store/project-store.ts';
import { openRunTracking } from './tracking/open-run-tracking.ts';
import type { RunTracking, RunTrackingOptions } from './tracking/run-tracking.ts';

/** What a process has one of. */
export interface ProcessServices {
  worker: WorkerRecord;
  log: Logger;
  /** The store of a project, opened once. */
  store(project: Project): Promise<MetadataStore>;
}

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

type RunServicesOf = (parts: RunParts) => RunServices;

const WORKER = Symbol('worker');
const LOG = Symbol('log');
const RUN = Symbol('services of a run');

let root: Container | undefined;

/** The container of this process, where an embedding program may rebind what every run takes from it. */
export function processContainer(): Container {
  if (root !== undefined) return root;
  const container = (root = new Container());
  container.bind<WorkerRecord>(WORKER).toConstantValue(workerIdentity());
  container.bind<Logger>(LOG).toConstantValue(stderrLogger());
  container.bind<RunServicesOf>(RUN).toConstantValue((parts) => {
    return makeRunServices(parts, container.get<WorkerRecord>(WORKER), container.get<Logger>(LOG));
  });
  return root;
}

export function processServices(): ProcessServices {
  const container = processContainer();
  return { worker: container.get<WorkerRecord>(WORKER), log: container.get<Logger>(LOG), store: openProjectStore };
}

/** The services of one run. A container for each run, and lazy bindings, would take a short run another 3 ms. */
export function runServices(parts: RunParts): RunServices {
  return processContainer().get<RunServicesOf>(RUN)(parts);
}

function makeRunServices(parts: RunParts, worker: WorkerRecord, log: Logger): RunServices {
  const { project, store, stack, run, trackerTimeoutMs: ms, onTrackerWait } = parts;
  const waits = { ...(ms !== undefined && { openTimeoutMs: ms, drainTimeoutMs: ms }), ...(onTrackerWait && { onTrackerWait }) };
  const { trackers } = stack;
  const tracking = openRunTracking({ store, run, log, logFolder: project.logsFolder, workerId: worker.id, trackers, ...waits });
  return { tracking, handOver: new HandOver(), sources: new StepSources({ root: project.root, cacheFolder: project.cacheFolder }) };
}
