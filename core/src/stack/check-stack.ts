import { FlavorBroken, isMortiseError, StackVetoed } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ComponentType } from './component-types.ts';
import { answerOf, isLate } from './flavor-answer.ts';
import { orBroken } from './flavor-broken.ts';
import type { StackOutline, StoredFlavor } from './flavor.ts';
import { importFlavor } from './import-flavor.ts';
import { noted, type FlavorPlace } from './load-flavor.ts';
import { wholeMessageOf } from './thrown-text.ts';

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
  const { checkStack: ask } = flavor;
  if (ask === undefined) return undefined;
  const reason: unknown = await orBroken(descriptor, async () => {
    try {
      return await answerOf(async () => ask(copyOf(record), { name: stack.name, components: stack.components.map(copyOf) }));
    } catch (error) {
      if (isMortiseError(error)) throw error;
      throw new Error(isLate(error) ? `its checkStack() ${error.message}` : `its checkStack() threw: ${wholeMessageOf(error)}`, {
        cause: error,
      });
    }
  });
  if (reason === undefined || reason === null || reason === '') return undefined;
  if (typeof reason === 'string') return new StackVetoed({ stack: stack.name, type: record.type, name: record.name, reason });
  const given = `its checkStack() gave ${typeof reason === 'object' ? 'an object' : `a ${typeof reason}`}`;
  throw new FlavorBroken({ type: descriptor.type, flavor: descriptor.name, reason: `${given}, and not a text or nothing` });
}

/** What a flavor does with it is its own affair. */
function copyOf({ type, name, flavor, config }: StackMember['record']): StackMember['record'] {
  return structuredClone({ type, name, flavor, config });
}
