import { readFileSync } from 'node:fs';
import { createRequire, findPackageJSON } from 'node:module';
import { BadFlavor, FlavorBroken, MissingPackage, UnknownFlavor } from '../errors.ts';
import { moduleUrl } from '../module-url.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { ComponentType } from './component-types.ts';
import { isFlavor } from './define-flavor.ts';
import { describeFlavor } from './describe-flavor.ts';
import { orBroken } from './flavor-broken.ts';
import type { Flavor, FlavorDescriptor, StoredFlavor } from './flavor.ts';

/** Typed as a plain string, so that the compiler does not follow it: that package is built after this one and imports it. */
const PACKAGE: string = '@mortise/flavor-local';

/** `source` of the descriptors of the flavors that come with this package. */
export const BUILTIN_SOURCE = `${PACKAGE}#flavors`;

/** Descriptors of the flavors that come with this package. Imports their config schemas. */
export async function describeBuiltinFlavors(): Promise<FlavorDescriptor[]> {
  const version = builtinVersion();
  return Promise.all((await builtinFlavors()).map((flavor) => describeFlavor(flavor, BUILTIN_SOURCE, version)));
}

/** Writes the descriptors of the flavors that come with this package, but for those that another one has taken the place of. Gives all that there are. */
export async function saveBuiltinFlavors(store: MetadataStore): Promise<StoredFlavor[]> {
  const others = (await store.flavors()).filter(({ source }) => source !== BUILTIN_SOURCE);
  const isShadowed = ({ type, name }: FlavorDescriptor): boolean => others.some((other) => other.type === type && other.name === name);
  await store.saveFlavors((await describeBuiltinFlavors()).filter((descriptor) => !isShadowed(descriptor)));
  return store.flavors();
}

/**
 * Descriptors of all flavors of a project. Those of the flavors that come with this package are written anew when the store has
 * none of the installed version (a half-made project, an update), so that no run is described by what another version could do.
 */
export async function flavorDescriptors(store: MetadataStore): Promise<StoredFlavor[]> {
  const stored = await store.flavors();
  const version = builtinVersion();
  if (stored.some((descriptor) => descriptor.source === BUILTIN_SOURCE && descriptor.version === version)) return stored;
  return saveBuiltinFlavors(store);
}

/**
 * The descriptor of a flavor.
 * @throws UnknownFlavor
 */
export function findDescriptor<D extends FlavorDescriptor>(descriptors: readonly D[], type: ComponentType, name: string): D {
  const ofType = descriptors.filter((descriptor) => descriptor.type === type);
  const found = ofType.find((descriptor) => descriptor.name === name);
  if (found === undefined) throw new UnknownFlavor({ type, flavor: name, known: ofType.map((descriptor) => descriptor.name) });
  return found;
}

/**
 * Imports the flavor of this type and name that comes with this package.
 * @throws FlavorBroken
 */
export async function builtinFlavor(type: ComponentType, name: string): Promise<Flavor> {
  const flavors = await orBroken({ type, name }, builtinFlavors);
  const flavor = flavors.find((candidate) => candidate.type === type && candidate.name === name);
  if (flavor === undefined) throw new FlavorBroken({ type, flavor: name, reason: `${PACKAGE} has none of this name` });
  return flavor;
}

/** The descriptor of the flavor of this type and name that comes with this package; undefined: none does. */
export async function builtinDescriptor(type: ComponentType, name: string): Promise<FlavorDescriptor | undefined> {
  const flavor = (await builtinFlavors()).find((candidate) => candidate.type === type && candidate.name === name);
  return flavor && describeFlavor(flavor, BUILTIN_SOURCE, builtinVersion());
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
  const { version } = JSON.parse(readFileSync(builtinManifest(), 'utf8')) as { version: string };
  return version;
}

/** Where this package was installed that one was too; where it is bundled into a program it may lack. */
function builtinManifest(): string {
  const from = moduleUrl(import.meta);
  try {
    return findPackageJSON(PACKAGE, from)!;
  } catch {
    return resolvedManifest(from);
  }
}

/** For packages that are found by other means than node_modules, as by Yarn's Plug'n'Play. It takes four times as long. */
function resolvedManifest(from: string): string {
  try {
    return createRequire(from).resolve(`${PACKAGE}/package.json`);
  } catch (cause) {
    throw new MissingPackage({ package: PACKAGE, of: 'Mortise' }, { cause });
  }
}
