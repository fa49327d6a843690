import type { JsonObject } from '../json.ts';
import type { ComponentType, ComponentTypes } from './component-types.ts';

/** A class-validator class, or any schema that implements Standard Schema (zod, valibot, arktype). */
export type ConfigSchema = ConfigClass | StandardSchema;

export type ConfigClass = new () => object;

/** The part of the Standard Schema interface (standardschema.dev, version 1) that is used here, with its JSON Schema extension. */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    validate(value: unknown): StandardResult | Promise<StandardResult>;
    readonly jsonSchema?: { input(options: { target: string }): Record<string, unknown> };
  };
}

export type StandardResult =
  | { value: unknown; issues?: undefined }
  | { issues: readonly { message: string; path?: readonly (PropertyKey | { key: PropertyKey })[] }[] };

/** A small structured logger. */
export interface Logger {
  debug(message: string, facts?: object): void;
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
}

/** What a component is made from. `scratch` is a folder of its own in the project, made on first use by whoever needs it. */
export interface ComponentContext<Config = unknown> {
  /** The parsed config: an instance of the flavor's config class, or what its schema gave. `{}` for a flavor without one. */
  config: Config;
  name: string;
  log: Logger;
  fetch: typeof fetch;
  scratch: string;
  /** Absolute path of the project root: relative paths in a config are meant from here. */
  projectRoot: string;
}

/** A kind of component: one literal. Config, settings and implementation are imported only when they are needed. */
export interface Flavor<T extends ComponentType = ComponentType> {
  apiVersion: 1;
  type: T;
  name: string;
  /** Config keys whose values are secret. */
  secrets?: readonly string[];
  /** URL or short text for people. */
  docs?: string;
  config?: () => Promise<ConfigSchema>;
  settings?: () => Promise<ConfigSchema>;
  /**
   * Why a component of this flavor cannot be part of a stack, in words that follow its name (`needs an artifact store that ...`); undefined if it can. Asked
   * whenever such a stack is registered, changed, imported or validated, and before each of its runs.
   */
  checkStack?: (component: { name: string; config: JsonObject }, stack: StackOutline) => string | undefined | Promise<string | undefined>;
  load: () => Promise<{ create(context: ComponentContext): Promise<ComponentTypes[T]> }>;
}

/** JSON that a registered flavor leaves in the store, so that listing imports nothing. */
export interface FlavorDescriptor {
  apiVersion: 1;
  type: ComponentType;
  name: string;
  /** Package name or path that was imported, e.g. `@mortise/flavor-local`, with `#export`. */
  source: string;
  version: string;
  docs?: string;
  config: ConfigKey[];
  settings: ConfigKey[];
  /** Of which the schema does not tell its keys: those listed are the secret ones. */
  undescribed?: ('config' | 'settings')[];
  /** It has a `checkStack`: who changes a stack has to load it. */
  checksStack?: true;
}

/** Why a flavor could not be loaded, and when that was seen (ms UTC). */
export interface FlavorProblem {
  reason: string;
  at: number;
}

/** A descriptor as the store gives it back. */
export interface StoredFlavor extends FlavorDescriptor {
  /** Of the last time that it was loaded, if that failed. */
  problem?: FlavorProblem;
}

/** What a flavor is told of the stack that one of its components is to be part of. References in configs are not resolved. */
export interface StackOutline {
  name: string;
  components: readonly { type: ComponentType; name: string; flavor: string; config: JsonObject }[];
}

/** One key of a config or settings schema. */
export interface ConfigKey {
  key: string;
  type: string;
  required: boolean;
  secret: boolean;
  default?: unknown;
  description?: string;
}
