import type { Project } from '../project/project.ts';
import type { MetadataStore } from './metadata-store.ts';
import { openStore } from './open-store.ts';

const open = new Map<string, Promise<MetadataStore>>();

/** The store of a project, opened once per process. */
export function openProjectStore(project: Project): Promise<MetadataStore> {
  const known = open.get(project.storeUrl);
  if (known !== undefined) return known;
  const store = openStore(project.storeUrl);
  open.set(project.storeUrl, store);
  store.catch(() => open.delete(project.storeUrl));
  return store;
}
