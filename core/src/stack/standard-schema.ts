import type { ConfigKey, StandardSchema } from './flavor.ts';
import type { JsonObject } from '../json.ts';
import type { OpenedSchema, SchemaFlaw, SchemaVerdict } from './opened-schema.ts';

/**
 * Opens a schema of zod, valibot, arktype, ...: its keys are those of its JSON Schema.
 * One without a JSON Schema may drop keys in silence, as most do by default; a key that does not come out again is then taken as unknown.
 */
export function openStandard(schema: StandardSchema): OpenedSchema {
  const described = jsonSchemaOf(schema);
  const properties = record(described?.['properties']);
  const required = Array.isArray(described?.['required']) ? described['required'] : [];
  const keys = Object.entries(properties ?? {}).map(([key, property]) => describeKey(key, record(property) ?? {}, required.includes(key)));
  const closed = properties !== undefined && (described?.['additionalProperties'] ?? false) === false;
  return {
    keys,
    tells: properties !== undefined,
    closed,
    async validate(given) {
      const result = await schema['~standard'].validate(given);
      if (result.issues === undefined) return properties === undefined ? refuseDropped(given, result.value) : { value: result.value };
      const [first, ...rest] = result.issues.map(flawOf);
      return { flaws: [first ?? { key: '', reason: 'is not valid' }, ...rest] };
    },
  };
}

function refuseDropped(given: JsonObject, value: unknown): SchemaVerdict {
  const kept = record(value);
  const dropped = kept && Object.keys(given).find((key) => !(key in kept));
  if (dropped === undefined) return { value };
  const known = Object.keys(kept ?? {});
  return { flaws: [{ key: dropped, reason: 'is unknown', unknown: known.length === 0 ? {} : { known } }] };
}

/** The JSON Schema of what a person writes; undefined where the library has none, or none for this schema (it throws). */
function jsonSchemaOf(schema: StandardSchema): Record<string, unknown> | undefined {
  try {
    return schema['~standard'].jsonSchema?.input({ target: 'draft-2020-12' });
  } catch {
    return undefined;
  }
}

function describeKey(key: string, property: Record<string, unknown>, required: boolean): ConfigKey {
  const { default: initial, description } = property;
  return {
    key,
    type: typeOf(property),
    required: required && initial === undefined,
    secret: false,
    ...(initial !== undefined && { default: initial }),
    ...(typeof description === 'string' && { description }),
  };
}

function typeOf(property: Record<string, unknown>): string {
  if (Array.isArray(property['enum'])) return property['enum'].map(String).join(' | ');
  if ('const' in property) return String(property['const']);
  const either = property['anyOf'] ?? property['oneOf'];
  if (Array.isArray(either)) return [...new Set(either.map((option) => typeOf(record(option) ?? {})))].join(' | ');
  const { type } = property;
  return Array.isArray(type) ? type.join(' | ') : typeof type === 'string' ? type : 'any';
}

type Issue = { message: string; path?: readonly (PropertyKey | { key: PropertyKey })[] };

function flawOf(issue: Issue): SchemaFlaw {
  const [key, ...inner] = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  return { key: key ?? '', reason: inner.length === 0 ? issue.message : `${issue.message} (at ${inner.join('.')})` };
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
