import { join } from 'node:path';
import type { Project } from '../project/project.ts';
import { resolveConfig } from '../secrets/component-secrets.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { ComponentRecord } from '../store/stack-data.ts';
import { BUILTIN_SOURCE } from './builtin-flavors.ts';
import type { ComponentType, ComponentTypes } from './component-types.ts';
import { requireShape } from './component-shape.ts';
import { parseConfig } from './config-schema.ts';
import { orBroken } from './flavor-broken.ts';
import { flavorLabel, schemaOf } from './flavor-schema.ts';
import type { Flavor, FlavorDescriptor, Logger, StoredFlavor } from './flavor.ts';
import { importFlavor } from './import-flavor.ts';
import { creatorOf, noted } from './load-flavor.ts';

/** Where components are made. */
export interface AssemblyPlace {
  store: MetadataStore;
  project: Project;
  log: Logger;
  /** What components use to reach what they are for. Default: that of Node. */
  fetch?: typeof fetch;
}

/** What of it making one takes: a step process has no store. */
export type ComponentPlace = Omit<AssemblyPlace, 'store'> & Partial<Pick<AssemblyPlace, 'store'>>;

/** What a component is made from: its record, or what a snapshot kept of it. */
export type Part<T extends ComponentType = ComponentType> = Pick<ComponentRecord, 'name' | 'flavor' | 'config'> & { type: T };

/**
 * Resolves the references in the config of a component and makes it.
 * @throws BadReference, SecretMissing, SecretKeyMissing, EnvMissing, SecretsLocked, and as `makeResolvedComponent` does
 */
export async function makeComponent<T extends ComponentType>(
  part: Part<T>,
  descriptor: StoredFlavor,
  place: AssemblyPlace,
): Promise<ComponentTypes[T]> {
  return makeResolvedComponent({ ...part, config: await resolveConfig(part, descriptor, place.store) }, descriptor, place);
}

/**
 * Imports the flavor of a component, checks its config again (the flavor may have changed since it was registered) and makes it.
 * @throws FlavorBroken, ConfigUnknownKey, ConfigMissingKey, ConfigWrongType, and what the component itself throws for people
 */
export async function makeResolvedComponent<T extends ComponentType>(
  part: Part<T>,
  descriptor: StoredFlavor,
  place: ComponentPlace,
): Promise<ComponentTypes[T]> {
  const { name, type } = part;
  const { config, create } = await noted(descriptor, place, async () => {
    const flavor = (await importFlavor(descriptor, place.project.root)) as Flavor<T>;
    return { config: await configOf(part, descriptor, flavor), create: await creatorOf(flavor) };
  });
  const scratch = scratchFolder(place.project, type, name);
  return orBroken(
    descriptor,
    async () => {
      const context = { config, name, log: place.log, fetch: place.fetch ?? fetch, scratch, projectRoot: place.project.root };
      return requireShape(await create(context), descriptor);
    },
    letGo,
  );
}

/** What comes when nobody waits for it any more. */
function letGo(component: AsyncDisposable | Partial<AsyncDisposable>): unknown {
  return component[Symbol.asyncDispose]?.();
}

/**
 * What a reference stood for is a text, also where a number is meant. Importing class-validator costs 0.2 s, and our own flavors make nothing of an empty
 * config when no key is required or has a default.
 */
async function configOf(part: Part, descriptor: FlavorDescriptor, flavor: Flavor): Promise<unknown> {
  const empty = Object.keys(part.config).length === 0;
  const plain = descriptor.source === BUILTIN_SOURCE && descriptor.config.every((key) => !key.required && key.default === undefined);
  if (empty && plain) return {};
  const schema = await schemaOf(flavor);
  return orBroken(flavor, () => parseConfig(schema, part.config, { of: flavorLabel(descriptor), stringsFromCommandLine: true }));
}

/** Folder of a component's own in the project; made by the component if it needs one. */
function scratchFolder(project: Project, type: ComponentType, name: string): string {
  if (type === 'experiment-tracker') return join(project.trackingFolder, name);
  return join(project.folder, 'scratch', type, name);
}
