import { UnknownComponentType } from '../errors.ts';
import { COMPONENT_TYPES, type ComponentType } from './component-types.ts';

/** @throws UnknownComponentType */
export function parseComponentType(text: string): ComponentType {
  const row = COMPONENT_TYPES.find(({ type }) => type === text);
  if (row === undefined) throw new UnknownComponentType({ type: text, known: COMPONENT_TYPES.map(({ type }) => type) });
  return row.type;
}
