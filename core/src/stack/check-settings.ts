import { SettingsNoComponent, SettingsNoFlavor } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { PipelineSpec, SettingsLayer, StepSpec } from '../pipeline/pipeline-spec.ts';
import { holdsReferences } from '../secrets/references.ts';
import { requireReferences } from '../secrets/resolve-references.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { trackersForStep } from './assemble-stack.ts';
import type { AssembledStack } from './assembled-stack.ts';
import { flavorDescriptors } from './builtin-flavors.ts';
import type { ComponentSettings } from './component-settings.ts';
import { mergedSettings, namedComponents, namedFlavors, type SettableComponent } from './merged-settings.ts';

/** Settings with references that a run will resolve. */
interface Unresolved {
  value: JsonObject;
  /** Who sets them. */
  of: string;
  settings: ComponentSettings;
}

/**
 * Checks what a pipeline and its steps set for the components of a stack, also what references in it stand for.
 * @throws SettingsNoComponent, SettingsNoFlavor, SettingsUnknownKey, SettingsMissingKey, SettingsWrongType, FlavorBroken, and what `requireReferences` throws
 */
export async function checkSettings(
  plan: Pick<PipelineSpec, 'pipeline' | 'settings'>,
  steps: readonly StepSpec[],
  stack: AssembledStack,
  store: MetadataStore,
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
  await checkFlavors([ofPipeline, ...byStep.map(({ set }) => set)], stack, store);
  const unresolved = await checkLayers(ofPipeline, stack, (component) => isTracker(component, tracking));
  for (const { set, trackers } of byStep) {
    const names = new Set(trackers);
    unresolved.push(...(await checkLayers(set, stack, (component) => component.type === 'orchestrator' || isTracker(component, names))));
  }
  if (unresolved.length > 0) await requireReferences(unresolved, store);
  for (const { settings, value, of } of unresolved) await settings.checkResolved(value, of);
}

interface SetBy {
  by: string;
  layers: SettingsLayer[] | undefined;
}

/** A pipeline may serve several stacks: what it sets for a flavor that this one does not have is for another one, if there is such a flavor. */
async function checkFlavors(all: readonly SetBy[], { snapshot }: AssembledStack, store: MetadataStore): Promise<void> {
  const isHere = (type: string, flavor: string): boolean =>
    snapshot.components.some((part) => part.type === type && part.flavor === flavor);
  const elsewhere = all.flatMap(({ by, layers }) =>
    namedFlavors(layers).flatMap(({ type, flavor }) => (isHere(type, flavor) ? [] : [{ by, type, flavor }])),
  );
  if (elsewhere.length === 0) return;
  const registered = await flavorDescriptors(store);
  for (const { by, type, flavor } of elsewhere) {
    const known = registered.filter((descriptor) => descriptor.type === type).map(({ name }) => name);
    if (!known.includes(flavor)) throw new SettingsNoFlavor({ by, type, flavor, known });
  }
}

/** Checks what is set for each component; of those that are used also what is not set, for it may be required. Gives what of it has references. */
async function checkLayers(
  { by, layers }: SetBy,
  { snapshot, settings }: AssembledStack,
  isUsed: (component: SettableComponent) => boolean,
): Promise<Unresolved[]> {
  const unresolved: Unresolved[] = [];
  for (const { key, type, name } of namedComponents(layers)) {
    const available = snapshot.components.filter((component) => component.type === type).map((component) => component.name);
    if (!settings.has(key)) throw new SettingsNoComponent({ by, type, name, stack: snapshot.name, available });
  }
  for (const each of settings.values()) {
    const given = mergedSettings(each.component, layers);
    if (given !== undefined || isUsed(each.component)) await each.check(given ?? {}, by);
    if (holdsReferences(given) && isUsed(each.component)) unresolved.push({ value: given!, of: by, settings: each });
  }
  return unresolved;
}
