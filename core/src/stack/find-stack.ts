import { UnknownStack } from '../errors.ts';
import { readProjectConfig } from '../project/project-config.ts';
import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { StackRecord } from '../store/stack-data.ts';

/**
 * A stack by its name.
 * @throws UnknownStack
 */
export async function findStack({ store, project }: { store: MetadataStore; project: Project }, name: string): Promise<StackRecord> {
  const record = await store.stack(name);
  if (record !== undefined) return record;
  const { items } = await store.stacks({ limit: 1000 });
  const variable = 'MORTISE_ACTIVE_STACK';
  const known = items.map((item) => item.name);
  if (process.env[variable] === name) throw new UnknownStack({ name, known, variable });
  const inConfig = readProjectConfig(project).activeStack === name;
  throw new UnknownStack({ name, known, ...(inConfig && { file: '.mortise/config.json' }) });
}
