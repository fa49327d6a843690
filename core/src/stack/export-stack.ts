import { withoutSecretsInClear } from '../secrets/component-secrets.ts';
import { referencesIn, type Reference } from '../secrets/references.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { ComponentRecord, StackRecord } from '../store/stack-data.ts';
import { BUILTIN_SOURCE, findDescriptor, flavorDescriptors } from './builtin-flavors.ts';
import type { FlavorDescriptor } from './flavor.ts';
import type { StackDocument } from './stack-document.ts';

/** What it takes to make a stack again elsewhere. Imports no flavor and opens no secret. Throws BadReference. */
export async function exportStack(stack: StackRecord, store: MetadataStore): Promise<StackDocument> {
  const descriptors = await flavorDescriptors(store);
  const parts = stack.components.map((record) => exportedPart(record, findDescriptor(descriptors, record.type, record.flavor)));
  const references = parts.flatMap((part) => part.references);
  const used = new Map(parts.map(({ descriptor }) => [`${descriptor.type} ${descriptor.name}`, descriptor]));
  return {
    mortise: 1,
    stack: { name: stack.name, labels: stack.labels },
    components: parts.map((part) => part.component),
    flavors: [...used.values()]
      .filter(({ source }) => source !== BUILTIN_SOURCE)
      .map(({ type, name, source, version }) => ({ type, name, source, version })),
    secrets: secretsOf(references),
    environment: [...new Set(references.flatMap((reference) => (reference.kind === 'env' ? [reference.variable] : [])))].sort(),
    omitted: parts.flatMap(({ component: { type, name }, omitted }) => omitted.map((key) => ({ type, name, key }))),
  };
}

function exportedPart({ type, name, flavor, config: stored, labels }: ComponentRecord, descriptor: FlavorDescriptor) {
  const { config, omitted } = withoutSecretsInClear(stored, descriptor);
  // It was imported without them, and they have not been set yet.
  const awaited = descriptor.config.filter(({ key, secret, required }) => secret && required && stored[key] === undefined);
  const references = referencesIn(config, `${type.replaceAll('-', ' ')} "${name}"`);
  return {
    component: { type, name, flavor, config, labels },
    descriptor,
    omitted: [...omitted, ...awaited.map(({ key }) => key)],
    references,
  };
}

function secretsOf(references: readonly Reference[]): StackDocument['secrets'] {
  const keys = new Map<string, Set<string>>();
  for (const reference of references)
    if (reference.kind === 'secret') keys.set(reference.secret, (keys.get(reference.secret) ?? new Set()).add(reference.key));
  return [...keys].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, of]) => ({ name, keys: [...of].sort() }));
}
