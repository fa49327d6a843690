import { ConfigMissingKey, ConfigUnknownKey, ConfigWrongType } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { MASK } from '../secrets/masked-texts.ts';
import { redact } from '../secrets/redaction.ts';
import { holdsReferences, isReference } from '../secrets/references.ts';
import type { ConfigSchema } from './flavor.ts';
import type { OpenedSchema, SchemaFlaw, SchemaVerdict } from './opened-schema.ts';

export interface ParseConfigOptions {
  /** Whose config it is, for messages: `artifact store flavor "local"`. */
  of: string;
  /** Texts may stand for numbers, booleans, lists and objects, as they do on a command line. Default false. */
  stringsFromCommandLine?: boolean;
  /** Keys that may be missing although the schema requires them: they are to come later. */
  absent?: readonly string[];
}

export interface CheckedConfig {
  /** What was given, texts of a command line turned into what they stand for, without defaults: what to store. */
  given: JsonObject;
  /** What the schema made of it: an instance of the class, or the schema's output. */
  parsed: unknown;
}

/**
 * Checks a config against the schema of its flavor and gives what the schema makes of it (`{}` without a schema, which takes no keys).
 * A value with a reference (`{{secret.name.key}}`, `{{env.NAME}}`) is known only when it is resolved: it passes as it is.
 * @throws ConfigUnknownKey, ConfigMissingKey, ConfigWrongType
 */
export async function parseConfig(schema: ConfigSchema | undefined, raw: JsonObject, options: ParseConfigOptions): Promise<unknown> {
  return (await checkConfig(schema, raw, options)).parsed;
}

/** As `parseConfig`, and also gives the config as it is to be stored. */
export async function checkConfig(schema: ConfigSchema | undefined, raw: JsonObject, options: ParseConfigOptions): Promise<CheckedConfig> {
  const { of, absent = [] } = options;
  const opened = schema === undefined ? NO_CONFIG : await openSchema(schema);
  const known = opened.keys.map(({ key }) => key);
  const unknown = opened.closed ? Object.keys(raw).find((key) => !known.includes(key)) : undefined;
  if (unknown !== undefined) throw new ConfigUnknownKey({ of, key: unknown, known });
  const toCome = (key: string): boolean => raw[key] === undefined && absent.includes(key);
  const missing = opened.keys.find(({ key, required }) => required && raw[key] === undefined && !toCome(key));
  if (missing !== undefined) throw new ConfigMissingKey({ of, key: missing.key });

  const { given, verdict } = options.stringsFromCommandLine
    ? await readTexts(opened, raw)
    : { given: raw, verdict: await validateCopy(opened, raw) };
  const flaw = verdict.flaws?.find(({ key }) => !holdsReferences(given[key]) && !toCome(key));
  if (flaw !== undefined) throw configError(flaw, given, of);
  return { given, parsed: verdict.flaws === undefined ? verdict.value : copyOf(given) };
}

/**
 * The keys of a schema, with those named in `secrets` marked, and whether it tells of them.
 * @throws what the constructor of a config class throws
 */
export async function describeSchema(schema: ConfigSchema, secrets: readonly string[] = []): Promise<Pick<OpenedSchema, 'keys' | 'tells'>> {
  const { keys, tells } = await openSchema(schema);
  const described = keys.map((key) => {
    const secret = secrets.includes(key.key);
    return { ...key, ...(key.default !== undefined && { default: secret ? MASK : asJson(key.default) }), secret };
  });
  return { keys: described, tells };
}

/** Whether a flavor gave something that can be asked about a config. */
export function isConfigSchema(value: unknown): value is ConfigSchema {
  const takesKeys = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return takesKeys && ('~standard' in value || (typeof value === 'function' && value.prototype !== undefined));
}

/** `tracking-uri` → `trackingUri`; anything else stays as it is. */
export function camelCase(key: string): string {
  return key.replaceAll(/-+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

const NO_CONFIG: OpenedSchema = { keys: [], tells: true, closed: true, validate: async () => ({ value: {} }) };

async function openSchema(schema: ConfigSchema): Promise<OpenedSchema> {
  if ('~standard' in schema) return (await import('./standard-schema.ts')).openStandard(schema);
  return (await import('./class-schema.ts')).openClass(schema);
}

/** A schema may fill in what it is given, and a component write into what comes of it, as a secret: neither is to be stored. */
function validateCopy(opened: OpenedSchema, config: JsonObject): Promise<SchemaVerdict> {
  return opened.validate(copyOf(config));
}

/** What is no JSON stays as it is: the schema refuses it in its own words. */
function copyOf<J extends Json>(json: J): J;
function copyOf(json: Json): Json {
  if (Array.isArray(json)) return json.map((item) => copyOf(item));
  if (Object.prototype.toString.call(json) !== '[object Object]') return json;
  return Object.fromEntries(Object.entries(json as JsonObject).map(([key, value]) => [key, copyOf(value)]));
}

/** A text stands for itself if the schema takes it as a text, else for the JSON that it spells. So the schema decides, whatever its library. */
async function readTexts(opened: OpenedSchema, raw: JsonObject): Promise<{ given: JsonObject; verdict: SchemaVerdict }> {
  const lists = new Set(opened.keys.filter(({ type }) => type === 'array').map(({ key }) => key));
  const texts = Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, lists.has(key) ? splitList(value) : value]));
  const verdict = await validateCopy(opened, texts);
  if (verdict.flaws === undefined) return { given: texts, verdict };
  const refused = new Set(verdict.flaws.map(({ key }) => key));
  const inexact = Object.keys(texts).find((key) => refused.has(key) && isInexact(texts[key]!));
  if (inexact !== undefined) return { given: texts, verdict: { flaws: [{ key: inexact, reason: inexactReason(texts[inexact]!) }] } };
  const given = Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, refused.has(key) ? spelled(value) : value]));
  return { given, verdict: await validateCopy(opened, given) };
}

/** `a,b` → `['a', 'b']`, unless it spells a JSON array. */
function splitList(value: Json): Json {
  if (typeof value !== 'string' || isReference(value)) return value;
  const json = spelled(value);
  if (Array.isArray(json)) return json;
  return value === '' ? [] : value.split(',').map((item) => item.trim());
}

function spelled(value: Json): Json {
  if (Array.isArray(value)) return value.map(spelled);
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

/** It spells a whole number that would be stored as another one. */
const isInexact = (value: Json): boolean =>
  Array.isArray(value)
    ? value.some(isInexact)
    : typeof value === 'string'
      ? /^-?\d+$/.test(value) && !Number.isSafeInteger(Number(value))
      : typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);

const inexactReason = (value: Json): string =>
  `${typeof value === 'string' ? value : 'one of its numbers'} cannot be kept exactly: whole numbers go to ${Number.MAX_SAFE_INTEGER}`;

function configError(flaw: SchemaFlaw, given: JsonObject, of: string): Error {
  const { key, reason } = flaw;
  if (flaw.unknown !== undefined) return new ConfigUnknownKey({ of, key, ...flaw.unknown });
  if (key !== '' && given[key] === undefined) return new ConfigMissingKey({ of, key });
  return new ConfigWrongType({ of, key, reason: redact(reason) });
}

/** A default as a descriptor can hold it. */
function asJson(value: unknown): Json {
  try {
    const text = JSON.stringify(value);
    return text === undefined ? String(value) : (JSON.parse(text) as Json);
  } catch {
    return String(value);
  }
}
