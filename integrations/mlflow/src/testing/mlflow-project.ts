import type { CrashProject } from '../../../../core/src/testing/crash-project.ts';
import { trackerProject } from '../../../../core/src/testing/tracker-project.ts';
import type { MlflowTrackerConfig } from '../experiment-tracker/mlflow-tracker-config.ts';

/** A project on the built packages whose only tracker, `team`, is at an MLflow server, in one experiment. */
export function mlflowProject(
  config: Partial<MlflowTrackerConfig> & { trackingUri: string; experimentName: string },
): Promise<CrashProject> {
  return trackerProject('mlflow', config);
}
