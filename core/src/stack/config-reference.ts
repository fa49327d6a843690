import { ConfigWrongType } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';

/** Whether a config value names a secret or a variable of the environment, `{{secret.name.key}}` or `{{env.NAME}}`: its value is not known yet. */
export function isReference(value: unknown): boolean {
  return typeof value === 'string' && /\{\{\s*(?:secret|env)\./.test(value);
}

/** What holds a reference cannot be registered as long as nothing resolves them: it would be taken for the value. Throws `ConfigWrongType`. */
export function refuseReferences(config: JsonObject, of: string): void {
  for (const [key, value] of Object.entries(config)) {
    const reference = referenceIn(value);
    if (reference !== undefined)
      throw new ConfigWrongType({ of, key, reason: `it holds ${reference}, and references are not resolved yet: give the value itself` });
  }
}

function referenceIn(value: Json): string | undefined {
  if (typeof value === 'string') return /\{\{.*?\}\}/s.exec(value)?.[0];
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.values(value)
    .map(referenceIn)
    .find((reference) => reference !== undefined);
}
