import { COMPONENT_TYPES } from '../stack/component-types.ts';
import type { MetadataStore } from '../store/metadata-store.ts';

/** Registers flavors of these names for every component type, so that components can be of them. */
export async function saveFlavors(store: MetadataStore, names: readonly string[]): Promise<void> {
  const about = { apiVersion: 1, source: './flavors.js#default', version: '-', config: [], settings: [] } as const;
  await store.saveFlavors(COMPONENT_TYPES.flatMap(({ type }) => names.map((name) => ({ ...about, type, name, config: [], settings: [] }))));
}
