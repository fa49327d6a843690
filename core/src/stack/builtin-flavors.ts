import { createRequire } from 'node:module';
import { BadFlavor, FlavorBroken, UnknownFlavor } from '../errors.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { ComponentType } from './component-types.ts';
import { isFlavor } from './define-flavor.ts';
import { describeFlavor } from './describe-flavor.ts';
import { orBroken } from './flavor-broken.ts';
import type { Flavor, FlavorDescriptor } from './flavor.ts';

/** Typed as a plain string, so that the compiler does not follow it: that package is built after this one and imports it. */
const PACKAGE: string = '@mortise/flavor-local';

/** `source` of the descriptors of the flavors that come with this package. */
export const BUILTIN_SOURCE = `${PACKAGE}#flavors`;

/** Descriptors of the flavors that come with this package. Imports their config schemas. */
export async function describeBuiltinFlavors(): Promise<FlavorDescriptor[]> {
  const version = builtinVersion();
  return Promise.all((await builtinFlavors()).map((flavor) => describeFlavor(flavor, BUILTIN_SOURCE, version)));
}

/**
 * Descriptors of all flavors of a project. Those of the flavors that come with this package are written anew when the store has
 * none of the installed version (a half-made project, an update), so that no run is described by what another version could do.
 */
export async function flavorDescriptors(store: MetadataStore): Promise<FlavorDescriptor[]> {
  const stored = await store.flavors();
  const version = builtinVersion();
  if (stored.some((descriptor) => descriptor.source === BUILTIN_SOURCE && descriptor.version === version)) return stored;
  await store.saveFlavors(await describeBuiltinFlavors());
  return store.flavors();
}

/**
 * The descriptor of a flavor.
 * @throws UnknownFlavor
 */
export function findDescriptor(descriptors: readonly FlavorDescriptor[], type: ComponentType, name: string): FlavorDescriptor {
  const ofType = descriptors.filter((descriptor) => descriptor.type === type);
  const found = ofType.find((descriptor) => descriptor.name === name);
  if (found === undefined) throw new UnknownFlavor({ type, flavor: name, known: ofType.map((descriptor) => descriptor.name) });
  return found;
}

/**
 * The flavor of a type with this name.
 * @throws UnknownFlavor, FlavorBroken
 */
export async function loadFlavor(type: ComponentType, name: string, store: MetadataStore): Promise<Flavor> {
  return importFlavor(findDescriptor(await flavorDescriptors(store), type, name));
}

/**
 * Imports the flavor that a descriptor was made from. The one place that knows where flavors come from.
 * @throws FlavorBroken
 */
export async function importFlavor({ type, name, source }: FlavorDescriptor): Promise<Flavor> {
  if (source !== BUILTIN_SOURCE) {
    throw new FlavorBroken({ type, flavor: name, reason: `it comes from ${source}, and this version loads only flavors of ${PACKAGE}` });
  }
  const flavors = await orBroken({ type, name }, builtinFlavors);
  const flavor = flavors.find((candidate) => candidate.type === type && candidate.name === name);
  if (flavor === undefined) throw new FlavorBroken({ type, flavor: name, reason: `${PACKAGE} has none of this name` });
  return flavor;
}

async function builtinFlavors(): Promise<Flavor[]> {
  const { flavors } = (await import(PACKAGE)) as { flavors?: unknown };
  if (!Array.isArray(flavors)) throw new BadFlavor({ source: BUILTIN_SOURCE, reason: 'it is not a list of flavors' });
  return flavors.map((flavor: unknown) => {
    if (!isFlavor(flavor)) throw new BadFlavor({ source: BUILTIN_SOURCE, reason: 'one of them was not made by defineFlavor()' });
    return flavor;
  });
}

function builtinVersion(): string {
  const { version } = createRequire(import.meta.url)(`${PACKAGE}/package.json`) as { version: string };
  return version;
}
