import { StackVetoed } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ComponentType } from './component-types.ts';
import { orBroken } from './flavor-broken.ts';
import type { StackOutline, StoredFlavor } from './flavor.ts';
import { importFlavor } from './import-flavor.ts';
import { noted, type FlavorPlace } from './load-flavor.ts';

/** A component of a stack, and the descriptor of its flavor. */
export interface StackMember {
  record: { type: ComponentType; name: string; flavor: string; config: JsonObject };
  descriptor: StoredFlavor;
}

/**
 * Asks the components of a stack whether they can be part of it: only flavors that want to be asked are imported.
 * @throws StackVetoed, FlavorBroken
 */
export async function checkStack(stack: string, members: readonly StackMember[], place: FlavorPlace): Promise<void> {
  const components = members.map(({ record }) => record);
  for (const member of members) {
    const error = await vetoOf(member, { name: stack, components }, place);
    if (error !== undefined) throw error;
  }
}

/**
 * What one component has against the stack; undefined: nothing.
 * @throws FlavorBroken
 */
export async function vetoOf(
  { record, descriptor }: StackMember,
  stack: StackOutline,
  place: FlavorPlace,
): Promise<InstanceType<typeof StackVetoed> | undefined> {
  if (descriptor.checksStack !== true) return undefined;
  const flavor = await noted(descriptor, place, () => importFlavor(descriptor, place.project.root));
  const reason = await orBroken(descriptor, async () =>
    flavor.checkStack?.(copyOf(record), { name: stack.name, components: stack.components.map(copyOf) }),
  );
  return reason === undefined
    ? undefined
    : new StackVetoed({ stack: stack.name, type: record.type, name: record.name, reason: String(reason) });
}

/** What a flavor does with it is its own affair. */
function copyOf({ type, name, flavor, config }: StackMember['record']): StackMember['record'] {
  return structuredClone({ type, name, flavor, config });
}
