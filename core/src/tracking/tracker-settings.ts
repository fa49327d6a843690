import type { JsonObject } from '../json.ts';
import { isPlain } from '../pipeline/json-value.ts';

/** What core itself does for every experiment tracker, whatever its flavor. */
export interface TrackerSettings {
  /** The experiment that the tracker run belongs to. Default: that of the pipeline run. */
  experiment?: string;
  /** Name of the tracker run, to which the index of an item and the number of a retry are added. Default: the step's id, or the run's name. */
  runName?: string;
  /** What holds the tracker runs of a pipeline run together. Default: the run's name. */
  group?: string;
  /** Added to the run's. */
  tags?: { [name: string]: string };
}

/** Settings of a tracker run, ready for use. */
export interface ReadTrackerSettings extends TrackerSettings {
  /** The flavor's own, as its schema gave them. */
  own: unknown;
}

const CHECKS: Record<keyof Required<TrackerSettings>, (value: unknown) => string | undefined> = {
  experiment: wrongText,
  runName: wrongText,
  group: wrongText,
  tags: wrongTags,
};

/** Names of the settings that every experiment tracker takes. */
export const TRACKER_SETTINGS: readonly string[] = Object.keys(CHECKS);

/** Settings as given, those that are core's apart from the flavor's own. */
export function splitTrackerSettings(given: JsonObject): { known: TrackerSettings; own: JsonObject } {
  const { experiment, runName, group, tags, ...own } = given;
  return { known: withoutAbsent({ experiment, runName, group, tags }), own };
}

/** The first of core's settings that is wrong, and why. */
export function wrongTrackerSetting(given: JsonObject): { key: string; reason: string } | undefined {
  for (const [key, wrong] of Object.entries(CHECKS)) {
    const reason = given[key] === undefined ? undefined : wrong(given[key]);
    if (reason !== undefined) return { key, reason };
  }
  return undefined;
}

function withoutAbsent(settings: { [key in keyof TrackerSettings]: unknown }): TrackerSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function wrongText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? undefined : 'must be a text';
}

/** Why these cannot be the tags of a run. */
export function wrongTags(value: unknown): string | undefined {
  const areTexts =
    typeof value === 'object' && value !== null && isPlain(value) && Object.values(value).every((tag) => typeof tag === 'string');
  if (!areTexts) return 'must be an object of texts';
  if (Object.keys(value).some((name) => !/\S/.test(name))) return 'must have no tag whose name is blank';
  const ours = Object.keys(value).find((name) => name.startsWith('mortise.'));
  return ours === undefined ? undefined : `must have no tag "${ours}": names that begin with "mortise." are Mortise's own`;
}
