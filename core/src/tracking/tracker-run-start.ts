import type { TrackerRunStart } from './experiment-tracker.ts';
import type { RunTrackingOptions } from './run-tracking.ts';
import type { ReadTrackerSettings } from './tracker-settings.ts';

/** An attempt of a step, or of one item of a mapped one. */
export interface AttemptName {
  stepId: string;
  mapIndex?: number;
  attempt: number;
}

/** How a tracker run is named and tagged: the same whether its own process opens it or, days later, another one. Without `step`: the pipeline run's. */
export function trackerRunStart(
  run: RunTrackingOptions['run'],
  step: AttemptName | undefined,
  { startedAt, settings }: { startedAt: number; settings: ReadTrackerSettings },
): Omit<TrackerRunStart, 'parent'> {
  const { experiment = run.experiment, group = run.name, runName, own } = settings;
  const tags = { ...run.tags, ...settings.tags, 'mortise.run_id': run.id, 'mortise.run': run.name, 'mortise.pipeline': run.pipeline };
  return {
    name: step === undefined ? (runName ?? run.name) : attemptLabel(step, runName),
    tags: step === undefined ? tags : { ...tags, 'mortise.step': step.stepId, 'mortise.attempt': String(step.attempt) },
    experiment,
    group,
    startedAt,
    settings: own,
    ...(run.user !== undefined && { user: run.user }),
    ...(step === undefined && run.resumed === true && { resumed: true }),
  };
}

/** `train`, `train[3]`, `train (attempt 2)`. */
function attemptLabel({ stepId, mapIndex, attempt }: AttemptName, name = stepId): string {
  return `${name}${mapIndex === undefined ? '' : `[${mapIndex}]`}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
}

/** Names of the run metadata that hold the URL of a tracker run: the first tracker's is the step's. */
export function urlKeys(component: string, first: boolean, several: boolean): string[] {
  return [...(first ? ['experiment_tracker_url'] : []), ...(several ? [`experiment_tracker_url:${component}`] : [])];
}
