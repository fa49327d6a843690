import type { ConfigKey, JsonObject } from '@mortise/core/client';
import type { Core } from './project-core.ts';
import { camelCase } from './rewrite-argv.ts';

/** `key=value`, or a key alone, with keys in camelCase, as `rewriteArgv` makes them. */
export interface ConfigOptions {
  config?: string[];
  /** Secret values may be in clear text. */
  force?: boolean;
}

export function keyAndValue(pair: string): [key: string, value: string | undefined] {
  const at = pair.indexOf('=');
  return at === -1 ? [pair, undefined] : [pair.slice(0, at), pair.slice(at + 1)];
}

/**
 * The config that options name, for a flavor with these keys: a key that is named several times is a list, one without a value is `true`.
 * What a key that is not among them takes, the schema says later.
 * @throws BadUsage
 */
export function configOf(pairs: readonly string[], keys: readonly ConfigKey[], { BadUsage }: Core): JsonObject {
  const spelled = keys.map(({ key }) => key);
  const named = Map.groupBy(pairs.map(keyAndValue), ([key]) => ownKey(key, spelled));
  return Object.fromEntries(
    [...named].map(([key, all]) => {
      const [value, ...more] = all.map(([, text]) => text ?? true);
      if (more.length > 0 && !takes(keys, key, 'array'))
        throw new BadUsage({ what: `--${key} is given ${all.length} times, and takes one value` });
      const isBare = all.some(([, text]) => text === undefined);
      if (isBare && (more.length > 0 || !takes(keys, key, 'boolean')))
        throw new BadUsage({ what: `--${key} has no value`, advice: `Write --${key}=...: only what is true or false may stand alone.` });
      return [key, more.length > 0 ? [value!, ...more] : value!];
    }),
  );
}

/** A key as it is spelled where it is known: a schema may have `api-url`, which an option `--api-url` means as well as `apiUrl`. */
export function ownKey(key: string, known: readonly string[]): string {
  return known.includes(key) ? key : (known.find((each) => camelCase(each) === key) ?? key);
}

/** Whether a key may be of this type, as far as that is known. */
function takes(keys: readonly ConfigKey[], key: string, type: 'array' | 'boolean'): boolean {
  const types = keys.find((each) => each.key === key)?.type.split(' | ') ?? ['any'];
  return [type, 'any', ...(type === 'boolean' ? ['true', 'false'] : [])].some((each) => types.includes(each));
}
