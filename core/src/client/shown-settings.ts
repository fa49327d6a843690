import type { JsonObject } from '../json.ts';
import { mergedSettings } from '../stack/merged-settings.ts';
import type { RunRecord } from '../store/run-data.ts';

/**
 * What was set in a run for the components that a step used, by step id and `<component type>:<name>`, as it was merged. Secrets are refused in settings, so
 * that there is nothing to mask.
 */
export function shownSettings({ spec, stack }: Pick<RunRecord, 'spec' | 'stack'>): (stepId: string) => Record<string, JsonObject> {
  const options = new Map(spec.steps.flatMap((step) => (step.options.settings === undefined ? [] : [[step.id, step.options] as const])));
  const trackers = stack.components.filter(({ type }) => type === 'experiment-tracker').map(({ name }) => name);
  return (stepId) => {
    const { settings, experimentTracker = [] } = options.get(stepId) ?? {};
    const used = experimentTracker === true ? trackers.slice(0, 1) : experimentTracker;
    const shown = stack.components.flatMap((component) => {
      if (component.type === 'experiment-tracker' && !used.includes(component.name)) return [];
      const merged = mergedSettings(component, settings);
      return merged === undefined ? [] : [[`${component.type}:${component.name}`, merged] as const];
    });
    return Object.fromEntries(shown);
  };
}
