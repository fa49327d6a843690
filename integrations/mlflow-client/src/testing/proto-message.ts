import { invalid, type StubRefusal } from './stub-refusal.ts';

/** What protobuf makes of a field; an array of words is an enum. */
export type FieldType = 'text' | 'integer' | 'double' | 'flag' | readonly string[] | { message: Shape } | { list: 'text' | Shape };
export interface Shape {
  [field: string]: FieldType;
}

type Check = 'required' | 'string' | 'integer' | 'double' | 'array' | ((value: unknown) => void);
export type Schema = Record<string, readonly Check[]>;

/** A request's fields after protobuf. What was not sent, or came after something strange, reads as empty. */
export class ProtoMessage {
  readonly #fields: Record<string, unknown>;

  constructor(fields: Record<string, unknown>) {
    this.#fields = fields;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  text(name: string): string {
    return (this.#fields[name] as string | undefined) ?? '';
  }

  number(name: string): number {
    return (this.#fields[name] as number | undefined) ?? 0;
  }

  message(name: string): ProtoMessage {
    return (this.#fields[name] as ProtoMessage | undefined) ?? new ProtoMessage({});
  }

  list(name: string): ProtoMessage[] {
    return (this.#fields[name] as ProtoMessage[] | undefined) ?? [];
  }

  texts(name: string): string[] {
    return (this.#fields[name] as string[] | undefined) ?? [];
  }

  pairs(name: string): [string, string][] {
    return this.list(name).map((pair) => [pair.text('key'), pair.text('value')]);
  }
}

export const PAIR: Shape = { key: 'text', value: 'text' };

/**
 * Reads a request as MLflow does: protobuf fills the message field by field and stops at the first that it cannot read; what it has by then is used
 * as if it were all, as long as the schema's few checks hold.
 */
export function protoMessage(json: Record<string, unknown>, shape: Shape, schema: Schema = {}): ProtoMessage {
  const fields: Record<string, unknown> = {};
  const isWhole = filled(fields, json, shape);
  for (const [name, checks] of Object.entries(schema)) {
    if (json[name] === undefined && !checks.includes('required')) continue;
    for (const check of checks) verify(name, json[name], check, isWhole);
  }
  return new ProtoMessage(fields);
}

/** False when it stopped. */
function filled(fields: Record<string, unknown>, json: Record<string, unknown>, shape: Shape): boolean {
  for (const [name, value] of Object.entries(json)) {
    const type = shape[name];
    if (type === undefined || value === null) continue;
    if (!setField(fields, name, value, type)) return false;
  }
  return true;
}

function setField(fields: Record<string, unknown>, name: string, value: unknown, type: FieldType): boolean {
  if (type === 'text') return set(fields, name, isText(value) ? value : undefined);
  if (type === 'flag') return set(fields, name, typeof value === 'boolean' ? value : undefined);
  if (type === 'integer') return set(fields, name, integer(value));
  if (type === 'double') return set(fields, name, double(value));
  if (isWords(type)) {
    // An unknown word is left out without an error: how the server comes to ignore a status.
    if (typeof value === 'string' && type.includes(value)) fields[name] = value;
    return true;
  }
  if ('message' in type) {
    const inner: Record<string, unknown> = {};
    fields[name] = new ProtoMessage(inner);
    return isObject(value) && filled(inner, value, type.message);
  }
  return setList(fields, name, value, type.list);
}

function setList(fields: Record<string, unknown>, name: string, value: unknown, items: 'text' | Shape): boolean {
  if (!Array.isArray(value)) return false;
  if (items === 'text') {
    const strange = value.findIndex((item) => !isText(item));
    fields[name] = strange === -1 ? value : value.slice(0, strange);
    return strange === -1;
  }
  const list: ProtoMessage[] = [];
  fields[name] = list;
  for (const item of value as unknown[]) {
    const inner: Record<string, unknown> = {};
    list.push(new ProtoMessage(inner));
    if (!isObject(item) || !filled(inner, item, items)) return false;
  }
  return true;
}

function set(fields: Record<string, unknown>, name: string, value: unknown): boolean {
  if (value !== undefined) fields[name] = value;
  return value !== undefined;
}

/** Half of a character is none to protobuf. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

function integer(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}

const WORDS: Record<string, number> = { NaN, Infinity, '-Infinity': -Infinity };

function double(value: unknown): number | undefined {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  return WORDS[value] ?? (Number.isFinite(Number(value)) ? Number(value) : undefined);
}

/** Types are looked at only when protobuf stopped, and then as loosely as Python's `int` and `float` do. */
function verify(name: string, value: unknown, check: Check, isWhole: boolean): void {
  if (typeof check === 'function') return check(value);
  if (check === 'required') {
    if (value === undefined || value === null || value === '') throw missingValue(name);
    return;
  }
  if (isWhole) return;
  const isFine = {
    string: () => typeof value === 'string',
    integer: () => Number.isFinite(typeof value === 'number' ? value : double(value)),
    double: () => typeof value === 'number' || double(value) !== undefined,
    array: () => Array.isArray(value),
  }[check]();
  if (!isFine) throw invalidValue(name, value);
}

export function missingValue(name: string): StubRefusal {
  return invalid(`Missing value for required parameter '${name}'. See the API docs for more information about request parameters.`);
}

export function invalidValue(name: string, value: unknown): StubRefusal {
  return invalid(`Invalid value ${JSON.stringify(value)} for parameter '${name}' supplied:  Hint: Value was of type '${typeof value}'.`);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWords(type: FieldType): type is readonly string[] {
  return Array.isArray(type);
}
