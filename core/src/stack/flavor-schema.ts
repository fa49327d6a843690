import { FlavorBadSchema } from '../errors.ts';
import { isConfigSchema } from './config-schema.ts';
import { brokenBy, orBroken } from './flavor-broken.ts';
import type { ConfigSchema, Flavor, FlavorDescriptor } from './flavor.ts';

/** A flavor in messages: `artifact store flavor "local"`. */
export function flavorLabel({ type, name }: Pick<FlavorDescriptor, 'type' | 'name'>): string {
  return `${type.replaceAll('-', ' ')} flavor "${name}"`;
}

/**
 * Imports the schema of a flavor's config or settings; undefined for a flavor that takes none.
 * @throws FlavorBroken
 */
export async function schemaOf(flavor: Flavor, of: 'config' | 'settings' = 'config'): Promise<ConfigSchema | undefined> {
  const schema = flavor[of];
  if (schema === undefined) return undefined;
  try {
    return requireSchema(await orBroken(flavor, schema), { source: flavorLabel(flavor), of });
  } catch (error) {
    throw brokenBy(flavor, error);
  }
}

/** Throws FlavorBadSchema. */
export function requireSchema(given: unknown, place: { source: string; of: string }): ConfigSchema {
  if (isConfigSchema(given)) return given;
  throw new FlavorBadSchema({ ...place, reason: `it gives ${kindOf(given)}` });
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object without "~standard"' : typeof value === 'function' ? 'a function' : typeof value;
}
