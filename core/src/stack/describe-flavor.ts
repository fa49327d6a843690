import { FlavorBadSchema, isMortiseError, nearest } from '../errors.ts';
import { describeSchema, isConfigSchema } from './config-schema.ts';
import type { ConfigKey, ConfigSchema, Flavor, FlavorDescriptor } from './flavor.ts';

/**
 * What the store keeps of a flavor, so that listing and describing import nothing.
 * @param source what was imported, e.g. `@mortise/flavor-local#flavors`
 * @param version of the package it comes from
 * @throws FlavorBadSchema
 */
export async function describeFlavor(flavor: Flavor, source: string, version: string): Promise<FlavorDescriptor> {
  const { apiVersion, type, name, docs, secrets = [], checkStack } = flavor;
  const [config, settings] = await Promise.all(
    (['config', 'settings'] as const).map(async (of) => {
      const schema = flavor[of];
      return schema === undefined ? [] : keysOf(schema, secrets, { source, of });
    }),
  );
  return {
    ...{ apiVersion, type, name, source, version },
    ...(docs !== undefined && { docs }),
    config: [...config!, ...undescribed(flavor, [...config!, ...settings!], source)],
    settings: settings!,
    ...(checkStack !== undefined && { checksStack: true }),
  };
}

async function keysOf(
  schema: () => Promise<ConfigSchema>,
  secrets: readonly string[],
  place: { source: string; of: string },
): Promise<ConfigKey[]> {
  try {
    const found: unknown = await schema();
    if (!isConfigSchema(found)) throw new FlavorBadSchema({ ...place, reason: `it gives ${kindOf(found)}` });
    const keys = await describeSchema(found, secrets);
    if (keys.length === 0 && !('~standard' in found))
      throw new FlavorBadSchema({ ...place, reason: `class ${found.name || 'without a name'} has no rule of class-validator` });
    return keys;
  } catch (error) {
    if (isMortiseError(error)) throw error;
    throw new FlavorBadSchema(
      { ...place, reason: `it failed: ${String((error as { message?: unknown })?.message ?? error)}` },
      { cause: error },
    );
  }
}

/** Secret keys that no schema tells of: some cannot describe themselves, and their secrets must be known all the same. */
function undescribed(flavor: Flavor, known: readonly ConfigKey[], source: string): ConfigKey[] {
  const names = known.map(({ key }) => key);
  const missing = (flavor.secrets ?? []).filter((key) => !names.includes(key));
  const [first] = missing;
  if (first !== undefined && names.length > 0) {
    const near = nearest(first, names);
    const hint = near === undefined ? `known: ${names.join(', ')}` : `did you mean "${near}"`;
    throw new FlavorBadSchema({ source, of: 'secrets', reason: `neither config nor settings have a key "${first}" (${hint})` });
  }
  if (first !== undefined && flavor.config === undefined && flavor.settings === undefined)
    throw new FlavorBadSchema({ source, of: 'secrets', reason: `they name "${first}", and it has neither config nor settings` });
  return missing.map((key) => ({ key, type: 'any', required: false, secret: true }));
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object without "~standard"' : typeof value === 'function' ? 'a function' : typeof value;
}
