import type { JsonObject } from '../json.ts';
import type { SettingsLayer } from '../pipeline/pipeline-spec.ts';
import { mergedSettings } from '../stack/merged-settings.ts';
import type { TrackerComponent } from './run-tracking.ts';
import { splitTrackerSettings, type ReadTrackerSettings } from './tracker-settings.ts';

/** Whose settings: a step's, or (without `step`) the pipeline's for its run's own tracker run. */
export interface SettingsOwner {
  run: { name: string; pipeline: string };
  step: { stepId: string } | undefined;
}

/** What is set for a tracker run, made ready by its component: references resolved, defaults filled in. A component that says nothing takes it as it is. */
export async function readSettings(
  { readSettings: read }: TrackerComponent,
  given: JsonObject = {},
  { run, step }: SettingsOwner,
): Promise<ReadTrackerSettings> {
  const setter = step === undefined ? `pipeline "${run.pipeline}"` : `step "${step.stepId}"`;
  if (read !== undefined) return read(given, `${setter} of run "${run.name}"`);
  const { known, own } = splitTrackerSettings(given);
  return { ...known, own };
}

/** What a pipeline itself sets for the tracker run of its runs. */
export function parentSettings({ name, flavor }: TrackerComponent, settings: SettingsLayer | undefined): JsonObject | undefined {
  return settings && mergedSettings({ type: 'experiment-tracker', name, flavor }, [settings]);
}
