import { UnknownComponent } from '../errors.ts';
import type { StackSnapshot } from '../store/stack-data.ts';
import type { TrackerComponent } from '../tracking/run-tracking.ts';
import { findDescriptor, flavorDescriptors } from './builtin-flavors.ts';
import { ComponentSettings } from './component-settings.ts';
import { makeComponent, type AssemblyPlace } from './make-component.ts';

const type = 'experiment-tracker';

/**
 * Makes an experiment tracker for a run that is over: the registered one of that name, whose config may have been mended since, if it still is of that flavor,
 * else as the run's stack had it.
 * @throws UnknownComponent, UnknownFlavor, FlavorBroken, ConfigUnknownKey, ConfigMissingKey, ConfigWrongType, and what the component itself throws for people
 */
export async function assembleTracker(
  { component: name, flavor }: { component: string; flavor: string },
  stack: StackSnapshot,
  place: AssemblyPlace,
): Promise<TrackerComponent> {
  const registered = await place.store.component(type, name);
  const snapshot = stack.components.find((part) => part.type === type && part.name === name && part.flavor === flavor);
  const part = registered?.flavor === flavor ? registered : snapshot;
  if (part === undefined) throw new UnknownComponent({ type, name, known: [] });
  const descriptor = findDescriptor(await flavorDescriptors(place.store), type, flavor);
  const tracker = await makeComponent({ ...part, type }, descriptor, place);
  const settings = new ComponentSettings({ type, name, flavor }, descriptor, place);
  return { name, flavor, tracker, readSettings: (given, by) => settings.readTracker(given, by) };
}
