import type { Project } from '../project/project.ts';
import type { Logger } from '../stack/flavor.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { WorkerRecord } from '../store/run-data.ts';

/** Where what other processes left behind is delivered. */
export interface DeliveryPlace {
  store: MetadataStore;
  project: Project;
  log: Logger;
  /** This process. */
  worker: WorkerRecord;
  /** Whether a process that claimed tracker runs is known to be gone, so that nobody need wait until its claim expires. */
  isDead(worker: WorkerRecord): Promise<boolean>;
}
