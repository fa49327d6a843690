import { SettingsNoComponent } from '../errors.ts';
import type { PipelineSpec, SettingsLayer, StepSpec } from '../pipeline/pipeline-spec.ts';
import { holdsReferences } from '../secrets/references.ts';
import { requireReferences, type ReferenceUse, type SecretStore } from '../secrets/resolve-references.ts';
import type { AssembledStack } from './assembled-stack.ts';
import { mergedSettings, namedComponents, type SettableComponent } from './merged-settings.ts';
import { trackersForStep } from './assemble-stack.ts';

/**
 * Checks what a pipeline and its steps set for the components of a stack.
 * @throws SettingsNoComponent, SettingsUnknownKey, SettingsMissingKey, SettingsWrongType, FlavorBroken, and what `requireReferences` throws
 */
export async function checkSettings(
  plan: Pick<PipelineSpec, 'pipeline' | 'settings'>,
  steps: readonly StepSpec[],
  stack: AssembledStack,
  store: SecretStore,
): Promise<void> {
  // A step that is called a thousand times has its options once.
  const distinct = new Map(steps.toReversed().map((step) => [step.options, step])).values();
  const byStep = [...distinct].toReversed().map(({ id, options }) => ({
    set: { by: `step "${id}"`, layers: options.settings },
    trackers: trackersForStep(stack, options.experimentTracker, id),
  }));
  const tracking = new Set(byStep.flatMap(({ trackers }) => trackers));
  const isTracker = ({ type, name }: SettableComponent, names: ReadonlySet<string>) => type === 'experiment-tracker' && names.has(name);
  const ofPipeline = { by: `pipeline "${plan.pipeline}"`, layers: plan.settings && [plan.settings] };
  const uses = await checkLayers(ofPipeline, stack, (component) => isTracker(component, tracking));
  for (const { set, trackers } of byStep) {
    const names = new Set(trackers);
    uses.push(...(await checkLayers(set, stack, (component) => component.type === 'orchestrator' || isTracker(component, names))));
  }
  if (uses.length > 0) await requireReferences(uses, store);
}

/** Checks what is set for each component; of those that are used also what is not set, for it may be required. Gives what of it has references. */
async function checkLayers(
  { by, layers }: { by: string; layers: SettingsLayer[] | undefined },
  { snapshot, settings }: AssembledStack,
  isUsed: (component: SettableComponent) => boolean,
): Promise<ReferenceUse[]> {
  const uses: ReferenceUse[] = [];
  for (const { key, type, name } of namedComponents(layers)) {
    const available = snapshot.components.filter((component) => component.type === type).map((component) => component.name);
    if (!settings.has(key)) throw new SettingsNoComponent({ by, type, name, stack: snapshot.name, available });
  }
  for (const each of settings.values()) {
    const given = mergedSettings(each.component, layers);
    if (given !== undefined || isUsed(each.component)) await each.check(given ?? {}, by);
    if (holdsReferences(given) && isUsed(each.component)) uses.push({ value: given!, of: `the settings of ${by}` });
  }
  return uses;
}
