import { UnknownStack } from '../errors.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { StackRecord } from '../store/stack-data.ts';

/**
 * A stack by its name.
 * @throws UnknownStack
 */
export async function findStack(store: MetadataStore, name: string): Promise<StackRecord> {
  const record = await store.stack(name);
  if (record !== undefined) return record;
  const { items } = await store.stacks({ limit: 1000 });
  const variable = 'MORTISE_ACTIVE_STACK';
  throw new UnknownStack({ name, known: items.map((item) => item.name), ...(process.env[variable] === name && { variable }) });
}
