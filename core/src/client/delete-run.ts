import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { findRun } from './read-pipeline-run.ts';
import { removeRunLogs } from './run-logs.ts';

/** A run that was deleted. */
export interface DeletedRunView {
  id: string;
  name: string;
  /** Experiment tracker components that showed it: what they have of it stays there. */
  trackers: string[];
  /** Tracker runs that had not been brought to their end, and will not be any more. */
  undelivered: number;
}

/** @throws UnknownRun, RunUnderWay */
export async function deleteRun({ store, project }: { store: MetadataStore; project: Project }, nameOrId: string): Promise<DeletedRunView> {
  const { id, name, trackerRuns } = await findRun(store, nameOrId);
  const ofSteps = (await store.stepRuns(id)).flatMap((stepRun) => stepRun.trackerRuns);
  const { undelivered } = await store.deleteRun(id);
  removeRunLogs(project.logsFolder, id);
  return { id, name, trackers: [...new Set([...trackerRuns, ...ofSteps].map(({ component }) => component))], undelivered };
}
