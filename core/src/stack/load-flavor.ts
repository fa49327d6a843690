import { FlavorBroken, isError, MissingPackage } from '../errors.ts';
import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { findDescriptor, flavorDescriptors } from './builtin-flavors.ts';
import type { ComponentType } from './component-types.ts';
import { orBroken } from './flavor-broken.ts';
import type { Flavor, StoredFlavor } from './flavor.ts';
import { importFlavor } from './import-flavor.ts';

/** Where flavors are loaded. Without a store, nobody is told how it went: a step process leaves that to its parent. */
export interface FlavorPlace {
  project: Project;
  store?: MetadataStore;
}

/**
 * Imports the flavor of a type with this name.
 * @throws UnknownFlavor, FlavorBroken
 */
export async function loadFlavor(type: ComponentType, name: string, place: FlavorPlace & { store: MetadataStore }): Promise<Flavor> {
  const descriptor = findDescriptor(await flavorDescriptors(place.store), type, name);
  return noted(descriptor, place, () => importFlavor(descriptor, place.project.root));
}

/**
 * Imports the implementation of a flavor.
 * @throws FlavorBroken
 */
export async function creatorOf<T extends ComponentType>(flavor: Flavor<T>): Promise<Implementation<T>['create']> {
  const { type, name } = flavor;
  const implementation: Partial<Implementation<T>> | null | undefined = await orBroken(flavor, flavor.load);
  if (typeof implementation?.create !== 'function')
    throw new FlavorBroken({ type, flavor: name, reason: 'its implementation exports no create()' });
  const { create } = implementation;
  return (context) => create.call(implementation, context);
}

type Implementation<T extends ComponentType> = Awaited<ReturnType<Flavor<T>['load']>>;

/** Loads something of a flavor. That it could not be loaded is noted for those who list flavors, and forgotten when it can be. */
export async function noted<T>(descriptor: StoredFlavor, { store }: FlavorPlace, load: () => Promise<T>): Promise<T> {
  const { type, name, problem } = descriptor;
  try {
    const loaded = await load();
    if (problem !== undefined) await store?.noteFlavorProblem(type, name, undefined);
    return loaded;
  } catch (error) {
    const reason = problemOf(error);
    if (reason !== undefined && reason !== problem?.reason) await store?.noteFlavorProblem(type, name, { reason, at: Date.now() });
    throw error;
  }
}

/** Why a flavor cannot be loaded; undefined for an error that is not the flavor's. */
export function problemOf(error: unknown): string | undefined {
  if (isError(error, FlavorBroken)) return error.facts.reason;
  return isError(error, MissingPackage) ? error.message : undefined;
}
