import { FlavorBadSchema, FlavorImportFailed, isMortiseError, nearest } from '../errors.ts';
import { describeSchema } from './config-schema.ts';
import { answerOf, isLate } from './flavor-answer.ts';
import { requireSchema } from './flavor-schema.ts';
import type { ConfigKey, ConfigSchema, Flavor, FlavorDescriptor } from './flavor.ts';
import { installAdvice } from './missing-package.ts';
import { isOfStandardDecorators, STANDARD_DECORATORS } from './standard-decorators.ts';
import { wholeMessageOf } from './thrown-text.ts';

/**
 * What the store keeps of a flavor, so that listing and describing import nothing.
 * @param source what was imported, e.g. `@mortise/flavor-local#flavors`
 * @param version of the package it comes from
 * @throws FlavorBadSchema, FlavorImportFailed
 */
export async function describeFlavor(flavor: Flavor, source: string, version: string): Promise<FlavorDescriptor> {
  const { apiVersion, type, name, docs, secrets = [], checkStack } = flavor;
  const parts = ['config', 'settings'] as const;
  const [config, settings] = await Promise.all(
    parts.map(async (of) => {
      const schema = flavor[of];
      return schema === undefined ? { keys: [], tells: true } : keysOf(schema, secrets, { source, of });
    }),
  );
  const silent = parts.filter((_, index) => ![config, settings][index]!.tells);
  return {
    ...{ apiVersion, type, name, source, version },
    ...(docs !== undefined && { docs }),
    config: [...config!.keys, ...untold(flavor, [...config!.keys, ...settings!.keys], source)],
    settings: settings!.keys,
    ...(silent.length > 0 && { undescribed: silent }),
    ...(checkStack !== undefined && { checksStack: true }),
  };
}

async function keysOf(
  schema: () => Promise<ConfigSchema>,
  secrets: readonly string[],
  place: { source: string; of: string },
): Promise<{ keys: ConfigKey[]; tells: boolean }> {
  try {
    const found = requireSchema(await answerOf(schema), place);
    const { keys, tells } = await describeSchema(found, secrets);
    if (keys.length === 0 && !('~standard' in found))
      throw new FlavorBadSchema({ ...place, reason: `class ${found.name || 'without a name'} has no rule of class-validator` });
    return { keys, tells };
  } catch (error) {
    if (isMortiseError(error)) throw error;
    if (isOfStandardDecorators(error)) throw new FlavorBadSchema({ ...place, ...STANDARD_DECORATORS }, { cause: error });
    if (isLate(error))
      throw new FlavorImportFailed({ source: place.source, doing: `while its ${place.of} was imported`, reason: error.message });
    throw new FlavorBadSchema({ ...place, reason: `it failed: ${wholeMessageOf(error)}`, ...installAdvice(error) }, { cause: error });
  }
}

/** Secret keys that no schema tells of: some cannot describe themselves, and their secrets must be known all the same. */
function untold(flavor: Flavor, known: readonly ConfigKey[], source: string): ConfigKey[] {
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
