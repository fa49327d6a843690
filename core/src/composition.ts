import { Container } from 'inversify';

import { HandOver } from './artifacts/hand-over.ts';
import { StepSources } from './execution/cache-key.ts';
import { workerIdentity } from './execution/worker-identity.ts';
import type { Project } from './project/project.ts';
import type { AssembledStack } from './stack/assembled-stack.ts';
import type { Logger } from './stack/flavor.ts';
import { stderrLogger } from './stack/logger.ts';
import type { MetadataStore, WorkerRecord } from './store/metadata-store.ts';
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
}

const WORKER = Symbol('worker');
const LOG = Symbol('log');
const PARTS = Symbol('parts');
const TRACKING = Symbol('tracking');
const HAND_OVER = Symbol('hand over');
const SOURCES = Symbol('sources');

let root: Container | undefined;

/** The container of this process, where an embedding program may rebind what every run takes from it. */
export function processContainer(): Container {
  if (root !== undefined) return root;
  root = new Container({ defaultScope: 'Singleton' });
  root.bind<WorkerRecord>(WORKER).toDynamicValue(() => workerIdentity());
  root.bind<Logger>(LOG).toDynamicValue(() => stderrLogger());
  return root;
}

export function processServices(): ProcessServices {
  const container = processContainer();
  return { worker: container.get<WorkerRecord>(WORKER), log: container.get<Logger>(LOG), store: openProjectStore };
}

/** The services of one run, in a child container of the process's. */
export function runServices(parts: RunParts): RunServices {
  const container = new Container({ parent: processContainer(), defaultScope: 'Singleton' });
  container.bind<RunParts>(PARTS).toConstantValue(parts);
  container.bind<HandOver>(HAND_OVER).toDynamicValue(() => new HandOver());
  container.bind<StepSources>(SOURCES).toDynamicValue((context) => {
    const { project } = context.get<RunParts>(PARTS);
    return new StepSources({ root: project.root, cacheFolder: project.cacheFolder });
  });
  container.bind<RunTracking>(TRACKING).toDynamicValue((context) => {
    const { store, project, stack, run } = context.get<RunParts>(PARTS);
    const worker = context.get<WorkerRecord>(WORKER);
    return openRunTracking({
      store,
      run,
      log: context.get<Logger>(LOG),
      logFolder: project.logsFolder,
      workerId: worker.id,
      trackers: stack.trackers,
    });
  });
  return { tracking: container.get(TRACKING), handOver: container.get(HAND_OVER), sources: container.get(SOURCES) };
}
