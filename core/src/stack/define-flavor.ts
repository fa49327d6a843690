import { BadFlavor } from '../errors.ts';
import type { ExperimentTracker } from '../tracking/experiment-tracker.ts';
import { isComponentName } from './component-name.ts';
import { COMPONENT_TYPES, type ComponentType, type ComponentTypes } from './component-types.ts';
import type { ComponentContext, ConfigSchema, Flavor } from './flavor.ts';

/** Shared by all copies of this package, so that a flavor made with another copy is still one. */
const MARK = Symbol.for('mortise.flavor.v1');

/** The version of the flavor interface that this package knows. */
export const API_VERSION = 1;

/** What keeps a literal from being a flavor. */
export interface FlavorFlaw {
  fault: 'literal' | 'type' | 'apiVersion' | 'config' | 'settings' | 'secrets';
  /** In words that follow the flavor's name. */
  reason: string;
}

/** A flavor that remembers what its components are: `Component` is what `create()` resolves to, `Settings` the schema of its settings (`never`: none). */
export interface DefinedFlavor<
  T extends ComponentType,
  Component extends ComponentTypes[T],
  Settings extends ConfigSchema = ConfigSchema,
> extends Flavor<T> {
  settings?: () => Promise<Settings>;
  load: () => Promise<{ create(context: ComponentContext): Promise<Component> }>;
}

/** Type of the vendor's own handle in the tracker runs of a flavor; `never` for a flavor that is no experiment tracker. */
export type NativeOf<F> = F extends {
  type: 'experiment-tracker';
  load: () => Promise<{ create(context: ComponentContext): Promise<infer C> }>;
}
  ? C extends ExperimentTracker<infer Native>
    ? Native
    : never
  : never;

/**
 * Makes a flavor of a literal: checks its shape and marks it.
 * @throws BadFlavor
 * @example
 * export default defineFlavor({
 *   apiVersion: 1,
 *   type: 'alerter',
 *   name: 'bell',
 *   load: () => import('./bell.ts'), // exports create({ config, name, log, ... }): Promise<Alerter>
 * });
 */
export function defineFlavor<T extends ComponentType, Component extends ComponentTypes[T], Settings extends ConfigSchema = never>(
  flavor: DefinedFlavor<T, Component, Settings>,
): DefinedFlavor<T, Component, Settings> {
  const flaw = flavorFlaw(flavor);
  if (flaw !== undefined) throw new BadFlavor({ source: 'the literal given to defineFlavor()', ...flaw, literal: flavor });
  if (!isFlavor(flavor)) Object.defineProperty(flavor, MARK, { value: true });
  return flavor;
}

/** Whether a value was made by `defineFlavor`, also by that of another copy of this package. */
export function isFlavor(value: unknown): value is Flavor {
  return typeof value === 'object' && value !== null && MARK in value;
}

/** What keeps a value from being a flavor; undefined if nothing does. */
export function flavorFlaw(value: unknown): FlavorFlaw | undefined {
  if (typeof value !== 'object' || value === null) return { fault: 'literal', reason: 'it is not an object' };
  const flavor = value as { [key in keyof Flavor]?: unknown };
  if (flavor.apiVersion !== API_VERSION)
    return { fault: 'apiVersion', reason: `its apiVersion is ${shown(flavor.apiVersion)}, this Mortise knows ${API_VERSION}` };
  const types = COMPONENT_TYPES.map((row) => row.type);
  if (!types.some((type) => type === flavor.type))
    return { fault: 'type', reason: `its type is ${shown(flavor.type)}, which is none of ${types.join(', ')}` };
  if (typeof flavor.name !== 'string' || !isComponentName(flavor.name))
    return { fault: 'literal', reason: `its name is ${shown(flavor.name)}` };
  if (flavor.secrets !== undefined && !isListOfStrings(flavor.secrets))
    return { fault: 'secrets', reason: 'its secrets are not a list of config keys' };
  if (flavor.docs !== undefined && typeof flavor.docs !== 'string') return { fault: 'literal', reason: 'its docs are not a text' };
  for (const key of ['config', 'settings'] as const) {
    if (flavor[key] !== undefined && typeof flavor[key] !== 'function')
      return { fault: key, reason: `its ${key} is not a function that gives the schema` };
  }
  if (flavor.checkStack !== undefined && typeof flavor.checkStack !== 'function')
    return { fault: 'literal', reason: 'its checkStack is not a function' };
  if (typeof flavor.load !== 'function') return { fault: 'literal', reason: 'its load is not a function that imports the implementation' };
  return undefined;
}

function isListOfStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : (JSON.stringify(value) ?? typeof value);
}
