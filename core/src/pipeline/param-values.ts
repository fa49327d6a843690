import { BadParam, BadUsage, MissingParam, UnknownParam } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { cloneJson, whyNotJson } from './json-value.ts';

/** A pipeline's params as they were declared: name and default. A default of `undefined` makes the param one that must be given. */
export interface DeclaredParams {
  /** The pipeline's. */
  name: string;
  params: Readonly<Record<string, unknown>>;
}

/**
 * The declared defaults, checked.
 * @throws BadParam for a default that is no JSON
 */
export function checkDefaults(declared: DeclaredParams): void {
  for (const [param, value] of Object.entries(declared.params)) if (value !== undefined) checkJson(declared.name, param, value);
}

/**
 * The params of one run: what was given on top of the declared defaults, as JSON that shares nothing with either.
 * @throws UnknownParam, MissingParam, BadParam; BadUsage when they are no object
 */
export function paramValues({ name: pipeline, params }: DeclaredParams, given: object = {}): JsonObject {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new BadUsage({ what: `the params of pipeline "${pipeline}" are no object` });
  const known = Object.keys(params);
  for (const param of Object.keys(given)) if (!known.includes(param)) throw new UnknownParam({ pipeline, param, known });
  const values: JsonObject = {};
  for (const [param, declared] of Object.entries(params)) {
    const value = (given as Record<string, unknown>)[param];
    if (value !== undefined) checkGiven(pipeline, param, declared, value);
    else if (declared === undefined) throw new MissingParam({ pipeline, param });
    values[param] = cloneJson((value ?? (value === null ? null : declared)) as Json);
  }
  return values;
}

/**
 * A param from its text on the command line: of the type of the declared default; where that is no text, number or flag, JSON.
 * @throws UnknownParam, BadParam
 */
export function parseParam({ name: pipeline, params }: DeclaredParams, param: string, text: string): Json {
  if (!Object.hasOwn(params, param)) throw new UnknownParam({ pipeline, param, known: Object.keys(params) });
  const declared = params[param];
  const shown = JSON.stringify(text);
  if (typeof declared === 'string') return text;
  if (typeof declared === 'number') {
    const value = Number(text);
    if (isInexact(text)) throw new BadParam({ pipeline, param, reason: inexactReason(text.trim()) });
    if (text.trim() !== '' && Number.isFinite(value)) return value;
    throw new BadParam({ pipeline, param, reason: `must be a number, not ${shown}` });
  }
  if (typeof declared === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true';
    throw new BadParam({ pipeline, param, reason: `must be true or false, not ${shown}` });
  }
  let inexact: string | undefined;
  const value = parseJson(text, (number) => (inexact = number));
  if (inexact !== undefined) throw new BadParam({ pipeline, param, reason: inexactReason(inexact) });
  if (value === undefined) throw new BadParam({ pipeline, param, reason: `must be JSON (text in double quotes), not ${text}` });
  checkGiven(pipeline, param, declared, value);
  return value;
}

/** It spells a whole number that would be another one: a run is not to be told of a seed that nobody gave. */
const isInexact = (text: string): boolean => /^[+-]?\d+$/.test(text.trim()) && !Number.isSafeInteger(Number(text));
const inexactReason = (text: string): string => `cannot be ${text} exactly: whole numbers go to ${Number.MAX_SAFE_INTEGER}`;

/** `inexact` is told of a number that would be another one. */
function parseJson(text: string, inexact: (number: string) => void): Json | undefined {
  try {
    // Node gives the text of a number as well, which TypeScript does not know.
    return JSON.parse(text, (_, value: unknown, ...[context]: { source?: string }[]) => {
      if (typeof value === 'number' && isInexact(context?.source ?? '')) inexact(context!.source!);
      return value;
    }) as Json;
  } catch {
    return undefined;
  }
}

function checkGiven(pipeline: string, param: string, declared: unknown, value: unknown): void {
  checkJson(pipeline, param, value);
  if (declared === undefined || declared === null) return;
  const [wanted, found] = [typeName(declared), typeName(value)];
  if (wanted !== found) throw new BadParam({ pipeline, param, reason: `must be ${wanted}, not ${found}` });
}

function checkJson(pipeline: string, param: string, value: unknown): void {
  const reason = whyNotJson(value, `"${param}"`);
  if (reason !== undefined) throw new BadParam({ pipeline, param, reason: `must be JSON, but ${reason}` });
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'true or false' : `a ${typeof value}`;
}
