import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Project } from '../project/project.ts';
import { FlavorRegistry, type FlavorOptions } from '../stack/flavor-registry.ts';
import type { FlavorDescriptor, StoredFlavor } from '../stack/flavor.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { openStore } from '../store/open-store.ts';
import { temporaryProject } from './temporary-project.ts';

/** A project of version 3.2.1 with files of a flavor's author. */
export interface FlavorProject {
  project: Project;
  store: MetadataStore;
  registry: FlavorRegistry;
  /** Writes a file; an object as JSON. A relative path is meant from the root. */
  write(path: string, content: string | object): void;
  /** Registers an alerter flavor. */
  register(source: string, options?: FlavorOptions): Promise<FlavorDescriptor>;
  /** An alerter flavor, as the store has it. */
  stored(name: string): Promise<StoredFlavor | undefined>;
  remove(): void;
}

export async function flavorProject(): Promise<FlavorProject> {
  const { project, remove } = await temporaryProject();
  const store = await openStore(project.storeUrl);
  const registry = new FlavorRegistry({ project, store });
  const write: FlavorProject['write'] = (path, content) => {
    const file = resolve(project.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  };
  write('package.json', { name: 'user', version: '3.2.1', type: 'module' });
  return {
    ...{ project, store, registry, write },
    register: (source, options = {}) => registry.register({ type: 'alerter', source }, options),
    stored: async (name) => (await store.flavors('alerter')).find((flavor) => flavor.name === name),
    remove() {
      store.close();
      remove();
    },
  };
}

/** A literal of the alerter flavor `bell`, with these properties in the place of its own. */
export const bellLiteral = (properties = ''): string =>
  `{ apiVersion: 1, type: 'alerter', name: 'bell', load: async () => ({ create: async () => ({ send: async () => {} }) }), ${properties} }`;

/** What a module of flavors begins with. */
export const IMPORT = `import { defineFlavor } from '@mortise/core';`;

/** A module whose default export is that flavor. */
export const bell = (properties = ''): string => `${IMPORT} export default defineFlavor(${bellLiteral(properties)});`;
