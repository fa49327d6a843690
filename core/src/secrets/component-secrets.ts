import { isDeepStrictEqual } from 'node:util';

import { isMortiseError, SecretInClear } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { ConfigKey } from '../stack/flavor.ts';
import { keepSecret } from './kept-secrets.ts';
import { MASK } from './masked-texts.ts';
import { isOnlyReferences, referencesIn } from './references.ts';
import { resolveReferences, type ReferenceUse, type SecretStore } from './resolve-references.ts';

/** What of a component bears on its secrets. */
export interface ConfiguredComponent {
  type: ComponentType;
  name: string;
  config: JsonObject;
}

/** What tells which keys are secret. */
export type SecretKeys = { config: readonly Pick<ConfigKey, 'key' | 'secret'>[] };

/** Configs as `missingReferences` takes them. */
export function configUses(components: readonly ConfiguredComponent[]): ReferenceUse[] {
  return components.map((component) => ({ value: component.config, of: componentLabel(component) }));
}

/**
 * The config of a component with its references resolved. What is secret in it is masked from now on in all that Mortise writes or sends.
 * @param of whose references they are, for messages. Default: the component's.
 * @throws as `resolveReferences` does
 */
export async function resolveConfig(
  component: ConfiguredComponent,
  descriptor: SecretKeys,
  store: SecretStore,
  of = componentLabel(component),
): Promise<JsonObject> {
  const secrets = secretKeysOf(descriptor);
  const resolved: JsonObject = {};
  for (const [key, given] of Object.entries(component.config)) {
    const secret = secrets.has(key);
    const value = await resolveReferences(given, store, { of, secret });
    if (secret) keepTexts(value);
    resolved[key] = value;
  }
  return resolved;
}

/**
 * The config of a component with those values resolved that secrets alone stand for, as far as these can be opened here; undefined if there are none. Variables
 * may be others where the component is used.
 */
export async function withKnownSecrets(component: ConfiguredComponent, store: SecretStore): Promise<JsonObject | undefined> {
  const of = componentLabel(component);
  const known = { ...component.config };
  for (const [key, given] of Object.entries(component.config)) {
    const references = referencesIn(given, of);
    if (references.length === 0 || references.some(({ kind }) => kind !== 'secret')) continue;
    try {
      known[key] = await resolveReferences(given, store, { of, secret: true });
    } catch (error) {
      if (!isMortiseError(error)) throw error;
    }
  }
  return isDeepStrictEqual(known, component.config) ? undefined : known;
}

/**
 * Refuses secret values that were given in clear text, so that nobody stores one unawares. What is `stored` already may stay as it is.
 * @throws SecretInClear
 */
export function refuseSecretsInClear(component: ConfiguredComponent, descriptor: SecretKeys, stored: JsonObject = {}): void {
  const { config, name } = component;
  const key = secretsInClear(config, descriptor).find((each) => !isDeepStrictEqual(config[each], stored[each]));
  if (key !== undefined) throw new SecretInClear({ of: componentLabel(component), key, name });
}

/** Keys of a config whose values are secret and stand in it in clear text. */
export function secretsInClear(config: JsonObject, descriptor: SecretKeys): string[] {
  const secrets = secretKeysOf(descriptor);
  return Object.keys(config).filter((key) => secrets.has(key) && isInClear(config[key]!));
}

/** Values of a config that are secret and stand in it in clear text are masked from now on. */
export function keepSecretsInClear(config: JsonObject, descriptor: SecretKeys): void {
  for (const key of secretsInClear(config, descriptor)) keepTexts(config[key]!);
}

/** A config as it may be shown: what is `inClear` of it is masked, references in it stay. */
export function maskConfig(config: JsonObject, inClear: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, inClear.includes(key) ? maskTexts(value) : value]));
}

/** A config as it may leave the project: without what is secret in it and in clear text, whose keys are `omitted`. */
export function withoutSecretsInClear(config: JsonObject, descriptor: SecretKeys): { config: JsonObject; omitted: string[] } {
  const secrets = secretKeysOf(descriptor);
  const isOmitted = ([key, value]: [string, Json]): boolean => secrets.has(key) && isInClear(value);
  const entries = Object.entries(config);
  return {
    config: Object.fromEntries(entries.filter((entry) => !isOmitted(entry))),
    omitted: entries.filter(isOmitted).map(([key]) => key),
  };
}

function secretKeysOf({ config }: SecretKeys): Set<string> {
  return new Set(config.filter(({ secret }) => secret).map(({ key }) => key));
}

function componentLabel({ type, name }: Pick<ConfiguredComponent, 'type' | 'name'>): string {
  return `${type.replaceAll('-', ' ')} "${name}"`;
}

/** A reference beside other text does not make that a secret: `postgres://user:password@{{env.HOST}}`. */
function isInClear(value: Json): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(isInClear);
  return value !== null && value !== '' && !isOnlyReferences(value);
}

function keepTexts(value: Json): void {
  if (typeof value === 'string') keepSecret(value);
  else if (typeof value === 'number') keepSecret(String(value));
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) keepTexts(part);
}

function maskTexts(value: Json): Json {
  if (Array.isArray(value)) return value.map(maskTexts);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, maskTexts(part)]));
  return isInClear(value) ? MASK : value;
}
