import { isDeepStrictEqual } from 'node:util';

import type { JsonObject } from '../json.ts';
import type { CachedStep } from '../store/step-data.ts';
import { splitTrackerSettings } from '../tracking/tracker-settings.ts';

/**
 * What is said of a cache hit at a tracker that has its source, when a setting of the flavor's own is another one than that with which the source ran: nothing
 * is done there, so what was asked for (a model to be registered) is not done either, and the flavor is not asked. Names and tags, which core's settings give,
 * only show at a tracker run, of which there is none.
 */
export function ineffectiveSettings(
  stepId: string,
  tracker: { component: string; settings?: JsonObject },
  seenBy: CachedStep['seenBy'],
): string | undefined {
  const seen = seenBy.find(({ component }) => component === tracker.component);
  if (seen === undefined || tracker.settings === undefined) return undefined;
  const { own: before } = splitTrackerSettings(seen.settings ?? {});
  const { own: now } = splitTrackerSettings(tracker.settings);
  const others = Object.keys(now).filter((name) => !isDeepStrictEqual(now[name], before[name]));
  if (others.length === 0) return undefined;
  const names = others.map((name) => `"${name}"`).join(', ');
  return `step "${stepId}" came from the cache: what is set now for experiment tracker "${tracker.component}" (${names}) had no effect, for it was not when the step ran. To run it anew: --no-cache`;
}
