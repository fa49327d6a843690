import { collectBytes, sum, type Amount, type CollectedBytes } from '../artifacts/garbage.ts';
import { stagedStepRuns } from '../import/staged-file.ts';
import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { ArtifactStores } from './artifact-stores.ts';
import { removeDrainedSegments, removeRunLogs } from './run-logs.ts';

export interface GarbageOptions {
  /** Only say what would be deleted. Default false. */
  dryRun?: boolean;
  /**
   * Also delete objects that look like those of this project, are older than 10 minutes, and of which its store knows nothing: what a store that was lost
   * or set back has left. Wrong where another project uses the same artifact store. Default false.
   */
  unknown?: boolean;
}

/** What was deleted, or would be. Bytes are those of files and objects. */
export interface GarbageReport extends CollectedBytes {
  dryRun: boolean;
  /** Files of event logs that everybody has read, and all logs of deleted runs. */
  logs: Amount;
  /** Artifact store components that cannot be opened here: what they hold was left. */
  closed: string[];
}

interface Place {
  project: Project;
  store: MetadataStore;
  artifactStores: ArtifactStores;
}

/** What fails at one artifact store is thrown once the others are collected. @throws ArtifactStoreFailed */
export async function collectGarbage({ project, store, artifactStores }: Place, options: GarbageOptions): Promise<GarbageReport> {
  const { dryRun = false, unknown = false } = options;
  const { opened, closed } = await artifactStores.registered();
  const garbage = await store.findGarbage(!dryRun);
  const versions = new Set(garbage.versions);
  const makers = new Set(garbage.makers);
  const found: CollectedBytes[] = [];
  const places: string[] = [];
  const failures: unknown[] = [];
  const importing = (): ReadonlySet<string> => stagedStepRuns(project.logsFolder);
  for (const each of opened) {
    try {
      found.push(await collectBytes(each, store, { remove: !dryRun, unknown, versions, makers, importing }));
      places.push(each.id);
    } catch (error) {
      failures.push(error);
    }
  }
  const logs = garbage.runs.map((run) => removeRunLogs(project.logsFolder, run, dryRun));
  logs.push(await removeDrainedSegments(store, project.logsFolder, dryRun));
  // What lies in one that is closed or failed is known by these rows.
  const isAllCollected = closed.length === 0 && failures.length === 0;
  const forgettable = isAllCollected ? garbage : { ...garbage, makers: [], runs: [] };
  if (!dryRun) await store.forgetGarbage(forgettable, places);
  if (failures.length > 0) throw failures[0];
  return {
    dryRun,
    versions: sum(found.map((each) => each.versions)),
    objects: sum(found.map((each) => each.objects)),
    unknown: sum(found.map((each) => each.unknown)),
    logs: sum(logs),
    closed,
  };
}
