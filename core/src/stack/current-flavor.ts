import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { BUILTIN_SOURCE } from './builtin-flavors.ts';
import { describeFlavor } from './describe-flavor.ts';
import { brokenBy } from './flavor-broken.ts';
import { findFlavorModule } from './find-flavor-module.ts';
import { parseFlavorSource } from './flavor-source.ts';
import { flavorVersion } from './flavor-version.ts';
import type { Flavor, FlavorDescriptor, StoredFlavor } from './flavor.ts';
import { importFlavor } from './import-flavor.ts';
import { noted } from './load-flavor.ts';

/** A module that is about to be imported, which runs its code. */
export interface FlavorModule {
  /** As it is stored. */
  source: string;
  /** Absolute. */
  file: string;
  /** Of its package; `-` for a module of none. */
  version: string;
}

/** The module that a flavor comes from, found without importing it. Throws FlavorModuleNotFound. */
export function flavorModule(source: string, root: string): FlavorModule {
  const { specifier } = parseFlavorSource(source, root);
  const file = findFlavorModule(specifier, root);
  return { source, file, version: flavorVersion({ specifier, file, root }) };
}

/**
 * The descriptor of a flavor that is about to be used, which is imported for it. It is written anew when the flavor is of another version by now, or has other
 * secrets: no run may be described, and no secret be shown, by what another version said.
 * @throws FlavorBroken
 */
export async function currentDescriptor(
  stored: StoredFlavor,
  { store, project }: { store: MetadataStore; project: Project },
): Promise<StoredFlavor> {
  if (stored.source === BUILTIN_SOURCE) return stored;
  // That it can be imported is not all it takes to load it: what is noted of it stays.
  const { problem: _, ...descriptor } = stored;
  const flavor = await noted(descriptor, { store, project }, () => importFlavor(descriptor, project.root));
  const { version } = flavorModule(descriptor.source, project.root);
  if (version === descriptor.version && saysTheSame(flavor, descriptor)) return stored;
  const anew = await noted(descriptor, { store, project }, () => describeAnew(flavor, descriptor, version));
  // One that was deleted meanwhile stays so.
  await store.updateFlavor(anew);
  return anew;
}

/**
 * Describes a flavor that was registered before.
 * @throws FlavorBroken
 */
export async function describeAnew(flavor: Flavor, { type, name, source }: FlavorDescriptor, version: string): Promise<FlavorDescriptor> {
  try {
    return await describeFlavor(flavor, source, version);
  } catch (error) {
    throw brokenBy({ type, name }, error);
  }
}

function saysTheSame({ secrets = [], checkStack }: Flavor, { config, settings, checksStack }: FlavorDescriptor): boolean {
  const marked = [...config, ...settings].flatMap(({ key, secret }) => (secret ? [key] : []));
  const same = secrets.every((key) => marked.includes(key)) && marked.every((key) => secrets.includes(key));
  return same && (checksStack === true) === (checkStack !== undefined);
}
