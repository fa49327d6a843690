import { redact, redactJson } from '../secrets/redaction.ts';
import { shortParams } from './attempt-params.ts';
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
    ...originOf(run.environment),
    ...(step === undefined && paramsOf(run.params)),
    ...(run.readArtifact && { readArtifact: run.readArtifact }),
    ...(step === undefined && run.resumed === true && { resumed: true }),
  };
}

function paramsOf(given: RunTrackingOptions['run']['params']): Pick<TrackerRunStart, 'params'> {
  const params = given && shortParams(given);
  return params === undefined ? {} : { params: redactJson(params) };
}

function originOf(environment: RunTrackingOptions['run']['environment']): Pick<TrackerRunStart, 'user' | 'source'> {
  if (environment === undefined) return {};
  const { user, host, command, file, git } = environment;
  // Nobody knows where an imported run ran.
  if (host === '') return user === undefined ? {} : { user };
  // A secret may have been given as a parameter.
  const ran = { command: command.map((word) => redact(word)), ...(file !== undefined && { file: redact(file) }) };
  return { ...(user !== undefined && { user }), source: { ...ran, host, ...git } };
}

/** `train`, `train[3]`, `train (attempt 2)`. */
function attemptLabel({ stepId, mapIndex, attempt }: AttemptName, name = stepId): string {
  return `${name}${mapIndex === undefined ? '' : `[${mapIndex}]`}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
}

/**
 * What the names of the run metadata about a tracker run end with: those of a step's first tracker are plain, `experiment_tracker_url`, and those of each of
 * several have its component's name, `experiment_tracker_url:team`.
 */
export function metadataSuffixes(component: string, first: boolean, several: boolean): string[] {
  return [...(first ? [''] : []), ...(several ? [`:${component}`] : [])];
}
