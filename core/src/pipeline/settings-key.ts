import { nearest } from '../errors.ts';
import { isComponentName } from '../stack/component-name.ts';
import { COMPONENT_TYPES, type ComponentType } from '../stack/component-types.ts';

/**
 * Which components a group of settings is for: all of a type (`experiment-tracker`), those of one flavor (`experiment-tracker.mlflow`), or the one of a name
 * (`experiment-tracker:team`).
 */
export type SettingsKey = ComponentType | `${ComponentType}.${string}` | `${ComponentType}:${string}`;

export interface ParsedSettingsKey {
  type: ComponentType;
  flavor?: string;
  name?: string;
}

const TYPES = COMPONENT_TYPES.map(({ type }) => type);

/** What a key says, or in words what is wrong with it. */
export function parseSettingsKey(key: string): ParsedSettingsKey | { wrong: string } {
  const [, type = '', sign, rest = ''] = /^([^.:]*)(?:([.:])(.*))?$/s.exec(key) ?? [];
  const known = TYPES.find((each) => each === type);
  if (known === undefined) return { wrong: `has the key "${key}", and there is no component type "${type}": ${wordOn(type)}` };
  if (sign === undefined) return { type: known };
  if (!isComponentName(rest))
    return { wrong: `has the key "${key}": what follows "${type}${sign}" is to be the name of a ${sign === ':' ? 'component' : 'flavor'}` };
  return sign === ':' ? { type: known, name: rest } : { type: known, flavor: rest };
}

function wordOn(type: string): string {
  const near = nearest(type, TYPES);
  return near === undefined ? `keys are ${TYPES.join(', ')}, also with ".flavor" or ":name"` : `did you mean "${near}"?`;
}
