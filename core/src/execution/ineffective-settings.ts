import { isDeepStrictEqual } from 'node:util';

import type { JsonObject } from '../json.ts';
import type { CachedStep } from '../store/step-data.ts';
import { splitTrackerSettings } from '../tracking/tracker-settings.ts';

const MOST_STEPS = 5;

/**
 * Settings of a flavor's own for steps that came from the cache, at a tracker that has their sources, where they are others than those with which these ran: nothing
 * is done there, so what was asked for (a model to be registered) is not done either, and the flavor is not asked. Names and tags, which core's settings give,
 * only show at a tracker run, of which there is none.
 */
export class IneffectiveSettings {
  readonly #steps = new Set<string>();
  /** Their names, by the component. */
  readonly #settings = new Map<string, Set<string>>();

  look(stepId: string, { component, settings }: { component: string; settings?: JsonObject }, seenBy: CachedStep['seenBy']): void {
    const seen = seenBy.find((each) => each.component === component);
    if (seen === undefined || settings === undefined) return;
    const { own: before } = splitTrackerSettings(seen.settings ?? {});
    const { own: now } = splitTrackerSettings(settings);
    const others = Object.keys(now).filter((name) => !isDeepStrictEqual(now[name], before[name]));
    if (others.length === 0) return;
    this.#steps.add(stepId);
    this.#settings.set(component, new Set([...(this.#settings.get(component) ?? []), ...others]));
  }

  /** One line of all of them; undefined if there are none. */
  get warning(): string | undefined {
    if (this.#steps.size === 0) return undefined;
    const [what, they, them] = this.#steps.size === 1 ? ['step', 'it', 'it'] : ['steps', 'they', 'them'];
    const left = this.#steps.size - MOST_STEPS;
    const steps = `${quoted([...this.#steps].slice(0, MOST_STEPS))}${left > 0 ? ` and ${left} more` : ''}`;
    const settings = Array.from(this.#settings, ([component, names]) => `experiment tracker "${component}" (${quoted(names)})`);
    return `${what} ${steps} came from the cache: what is set now for ${settings.join(' and ')} had no effect, for it was not when ${they} ran. To run ${them} anew: --no-cache`;
  }
}

function quoted(names: Iterable<string>): string {
  return Array.from(names, (name) => `"${name}"`).join(', ');
}
