import { join } from 'node:path';
import { FlavorBroken } from '../errors.ts';
import type { Project } from '../project/project.ts';
import type { ComponentRecord, MetadataStore } from '../store/metadata-store.ts';
import { BUILTIN_SOURCE, importFlavor } from './builtin-flavors.ts';
import type { ComponentType, ComponentTypes } from './component-types.ts';
import { parseConfig } from './config-schema.ts';
import { orBroken } from './flavor-broken.ts';
import { flavorLabel, schemaOf } from './flavor-schema.ts';
import type { Flavor, FlavorDescriptor, Logger } from './flavor.ts';

/** Where components are made. */
export interface AssemblyPlace {
  store: MetadataStore;
  project: Project;
  log: Logger;
}

/** What of it making one takes. */
export type ComponentPlace = Omit<AssemblyPlace, 'store'>;

/** What a component is made from: its record, or what a snapshot kept of it. */
export type Part<T extends ComponentType = ComponentType> = Pick<ComponentRecord, 'name' | 'flavor' | 'config'> & { type: T };

/**
 * Imports the flavor of a component, checks its config again (the flavor may have changed since it was registered) and makes it.
 * @throws FlavorBroken, ConfigUnknownKey, ConfigMissingKey, ConfigWrongType, and what the component itself throws for people
 */
export async function makeComponent<T extends ComponentType>(
  part: Part<T>,
  descriptor: FlavorDescriptor,
  place: ComponentPlace,
): Promise<ComponentTypes[T]> {
  const { name, type } = part;
  const flavor = (await importFlavor(descriptor)) as Flavor<T>;
  const config = await configOf(part, descriptor, flavor);
  return orBroken(flavor, async () => {
    const { create } = await flavor.load();
    if (typeof create !== 'function')
      throw new FlavorBroken({ type, flavor: flavor.name, reason: 'its implementation exports no create()' });
    const scratch = scratchFolder(place.project, type, name);
    return create({ config, name, log: place.log, fetch, scratch, projectRoot: place.project.root });
  });
}

/** Importing class-validator costs 0.2 s, and our own flavors make nothing of an empty config when no key is required or has a default. */
async function configOf(part: Part, descriptor: FlavorDescriptor, flavor: Flavor): Promise<unknown> {
  const empty = Object.keys(part.config).length === 0;
  const plain = descriptor.source === BUILTIN_SOURCE && descriptor.config.every((key) => !key.required && key.default === undefined);
  if (empty && plain) return {};
  const schema = await schemaOf(flavor);
  return orBroken(flavor, () => parseConfig(schema, part.config, { of: flavorLabel(descriptor) }));
}

/** Folder of a component's own in the project; made by the component if it needs one. */
function scratchFolder(project: Project, type: ComponentType, name: string): string {
  if (type === 'experiment-tracker') return join(project.trackingFolder, name);
  return join(project.folder, 'scratch', type, name);
}
