import { ComponentNotInStack, StackIncomplete, StackNeedsComponent, StackTooMany } from '../errors.ts';
import { COMPONENT_TYPES, type ComponentType } from './component-types.ts';
import { parseComponentType } from './parse-component-type.ts';

/** Names of the components of a stack, by their type. Of a type that allows several, the first is the default. */
export type StackParts = { readonly [T in ComponentType]?: string | readonly string[] };

/** A component as stacks name it. */
export interface StackPart {
  type: ComponentType;
  name: string;
}

/**
 * The components a stack asks for, in the order of the table of types, each once.
 * @throws UnknownComponentType, StackIncomplete, StackTooMany
 */
export function componentsOf(stack: string, parts: StackParts): StackPart[] {
  for (const type of Object.keys(parts)) parseComponentType(type);
  return COMPONENT_TYPES.flatMap(({ type, required, several }) => {
    const names = namesOf(parts, type);
    if (required && names.length === 0) throw new StackIncomplete({ stack, type });
    if (!several && names.length > 1) throw new StackTooMany({ stack, type });
    return names.map((name) => ({ type, name }));
  });
}

/** What is left of a stack's components when those of each type that `parts` names give way to these. Throws as `componentsOf` does. */
export function replaceParts(stack: string, components: readonly StackPart[], parts: StackParts): StackPart[] {
  return componentsOf(stack, { ...byType(components), ...parts });
}

/**
 * What is left of a stack's components without `parts`.
 * @throws UnknownComponentType, ComponentNotInStack, StackNeedsComponent
 */
export function withoutParts(stack: string, components: readonly StackPart[], parts: StackParts): StackPart[] {
  const left: { [T in ComponentType]?: readonly string[] } = byType(components);
  for (const type of Object.keys(parts).map(parseComponentType)) {
    const there = left[type] ?? [];
    const removed = namesOf(parts, type);
    const missing = removed.find((name) => !there.includes(name));
    if (missing !== undefined) throw new ComponentNotInStack({ stack, type, name: missing, known: [...there] });
    left[type] = there.filter((name) => !removed.includes(name));
    const { required, flag } = COMPONENT_TYPES.find((row) => row.type === type)!;
    if (required && left[type].length === 0 && removed[0] !== undefined)
      throw new StackNeedsComponent({ stack, type, name: removed[0], flag });
  }
  return componentsOf(stack, left);
}

function byType(components: readonly StackPart[]): { [T in ComponentType]?: readonly string[] } {
  const types = COMPONENT_TYPES.map(({ type }) => [type, components.filter((part) => part.type === type).map(({ name }) => name)] as const);
  return Object.fromEntries(types);
}

function namesOf(parts: StackParts, type: ComponentType): string[] {
  return [...new Set([parts[type] ?? []].flat())];
}
