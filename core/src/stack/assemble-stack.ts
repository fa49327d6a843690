import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { StackIncomplete, TrackerNotInStack } from '../errors.ts';
import { configUses, secretsInClear } from '../secrets/component-secrets.ts';
import { requireReferences } from '../secrets/resolve-references.ts';
import type { ComponentRecord, StackSnapshot } from '../store/stack-data.ts';
import type { AssembledStack } from './assembled-stack.ts';
import { findDescriptor, flavorDescriptors } from './builtin-flavors.ts';
import { checkStack } from './check-stack.ts';
import { ComponentSettings } from './component-settings.ts';
import type { ComponentType, ComponentTypes } from './component-types.ts';
import { currentDescriptor } from './current-flavor.ts';
import { findStack } from './find-stack.ts';
import type { FlavorDescriptor, Logger, StoredFlavor } from './flavor.ts';
import { makeComponent, type AssemblyPlace } from './make-component.ts';

/** A component that was made, under its type. */
type Made = { [T in ComponentType]: { type: T; record: ComponentRecord; component: ComponentTypes[T] } }[ComponentType];

/**
 * Makes the components of a stack for a run, with a snapshot of what they were made from. Nothing is left open when one cannot be made.
 * @throws UnknownStack, StackIncomplete, UnknownFlavor, StackVetoed, SecretMissing, SecretKeyMissing, EnvMissing, ReferencesMissing, SecretsLocked, FlavorBroken,
 * ConfigUnknownKey, ConfigMissingKey, ConfigWrongType, and what the components themselves throw for people (`FolderNotWritable`, ...)
 */
export async function assembleStack(name: string, place: AssemblyPlace): Promise<AssembledStack> {
  const stack = await findStack(place, name);
  const descriptors = await flavorDescriptors(place.store);
  const parts: { record: ComponentRecord; descriptor: StoredFlavor }[] = [];
  for (const record of stack.components)
    parts.push({ record, descriptor: await currentDescriptor(findDescriptor(descriptors, record.type, record.flavor), place) });
  await checkStack(name, parts, place);
  await requireReferences(configUses(stack.components), place.store);
  const made: Made[] = [];
  const dispose = (): Promise<void> => disposeAll(made, place.log);
  try {
    for (const { record, descriptor } of parts)
      made.push({ type: record.type, record, component: await makeComponent(record, descriptor, place) } as Made);
    const artifactStore = single(made, name, 'artifact-store');
    const settings = new Map(
      parts.map(({ record, descriptor }) => [`${record.type}:${record.name}`, new ComponentSettings(record, descriptor, place)]),
    );
    return {
      snapshot: { name, components: parts.map(({ record, descriptor }) => snapshotOf(record, descriptor)) },
      orchestrator: single(made, name, 'orchestrator').component,
      artifactStore: artifactStore.component,
      artifactStoreName: artifactStore.record.name,
      trackers: ofType(made, 'experiment-tracker').map(({ record: { name: of, flavor }, component }) => ({
        name: of,
        flavor,
        tracker: component,
        readSettings: (given, by) => settings.get(`experiment-tracker:${of}`)!.readTracker(given, by),
      })),
      settings,
      alerters: ofType(made, 'alerter').map(({ record, component }) => ({ name: record.name, alerter: component })),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/**
 * Makes only the artifact store of the stack that a run was made on, as its snapshot describes it.
 * @throws StackIncomplete, UnknownFlavor, FlavorBroken, ConfigUnknownKey, ConfigMissingKey, ConfigWrongType
 */
export async function assembleArtifactStore(snapshot: StackSnapshot, place: AssemblyPlace): Promise<ArtifactStore> {
  const type = 'artifact-store';
  const part = snapshot.components.find((component) => component.type === type);
  if (part === undefined) throw new StackIncomplete({ stack: snapshot.name, type });
  return makeComponent({ ...part, type }, findDescriptor(await flavorDescriptors(place.store), type, part.flavor), place);
}

/**
 * Names of the tracker components of a step: of `true` the stack's first, of names those.
 * @throws TrackerNotInStack
 */
export function trackersForStep(
  stack: Pick<AssembledStack, 'snapshot' | 'trackers'>,
  experimentTracker: true | readonly string[] | undefined,
  stepId: string,
): string[] {
  if (experimentTracker === undefined) return [];
  const available = stack.trackers.map(({ name }) => name);
  const refuse = (tracker: string | true): Error => new TrackerNotInStack({ step: stepId, tracker, stack: stack.snapshot.name, available });
  if (experimentTracker === true) {
    const [first] = available;
    if (first === undefined) throw refuse(true);
    return [first];
  }
  const missing = experimentTracker.find((name) => !available.includes(name));
  if (missing !== undefined) throw refuse(missing);
  return [...new Set(experimentTracker)];
}

/** What a component was made from, as a run keeps it. */
export function snapshotOf(
  { type, name, flavor, config }: ComponentRecord,
  descriptor: FlavorDescriptor,
): StackSnapshot['components'][number] {
  const { source, version } = descriptor;
  const inClear = secretsInClear(config, descriptor);
  return { type, name, flavor, config, source, version, ...(inClear.length > 0 && { inClear }) };
}

function ofType<T extends ComponentType>(made: readonly Made[], type: T): Extract<Made, { type: T }>[] {
  return made.filter((part): part is Extract<Made, { type: T }> => part.type === type);
}

function single<T extends ComponentType>(made: readonly Made[], stack: string, type: T): Extract<Made, { type: T }> {
  const [first] = ofType(made, type);
  if (first === undefined) throw new StackIncomplete({ stack, type });
  return first;
}

/** In reverse order of making. A component that fails to let go changes nothing about the run: it is only reported. */
async function disposeAll(made: readonly Made[], log: Logger): Promise<void> {
  for (const { record, component } of made.toReversed()) {
    try {
      await component[Symbol.asyncDispose]?.();
    } catch (error) {
      log.warn(`the ${record.type.replaceAll('-', ' ')} "${record.name}" did not end cleanly: ${String(error)}`);
    }
  }
}
