import { BadReference, type MortiseError } from '../errors.ts';
import type { Json } from '../json.ts';

/** What a config or a setting names in place of a value: a key of a secret, or a variable of the environment. */
export type Reference = { kind: 'secret'; secret: string; key: string; text: string } | { kind: 'env'; variable: string; text: string };

const REFERENCE = /\{\{\s*(secrets?|env)\b([^{}]*)\}\}/g;
/** Meant as one, and no end of it, or in capitals: as a text it would go to a server in place of the value. */
const NEARLY = /\{\{\s*(?:secrets?|env)\s*\.(?:[^{}]*\}\}|[^\s{}]*\}?)/gi;
const SECRET = /^\.([A-Za-z0-9][A-Za-z0-9._-]*)\.([A-Za-z0-9_-]+)$/;
const VARIABLE = /^\.([^\s.=]+)$/;

/** Whether a value is a text with `{{secret.name.key}}` or `{{env.NAME}}` in it, or what is meant as one: its value is not known yet. */
export function isReference(value: unknown): boolean {
  return typeof value === 'string' && (value.search(REFERENCE) >= 0 || value.search(NEARLY) >= 0);
}

/** Such as `Bearer `. */
const SCHEME = /^[A-Za-z][A-Za-z-]{0,15} /;

/** Whether a value is a text of one or more references and nothing else, but for a scheme before them (`Bearer {{secret.name.key}}`). */
export function isOnlyReferences(value: unknown): boolean {
  return isReference(value) && (value as string).trim().replace(SCHEME, '').replaceAll(REFERENCE, '') === '';
}

/** Whether there is a reference anywhere in a value. */
export function holdsReferences(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return isReference(value);
  return Object.values(value).some(holdsReferences);
}

/**
 * Every reference in a value, each once, in the order in which they stand there.
 * @param of whose value it is, for the message: `experiment tracker "mlflow"`
 * @param malformed told of each that is malformed. Default: it is thrown
 * @throws BadReference
 */
export function referencesIn(value: Json, of: string, malformed: (text: string) => void = refuse(of)): Reference[] {
  const found = new Map<string, Reference>();
  collect(value, found, malformed);
  return [...found.values()];
}

/** A text with every reference replaced by what `valueOf` gives for it. */
export function replaceReferences(text: string, of: string, valueOf: (reference: Reference) => string): string {
  return text.replaceAll(REFERENCE, (whole, kind: string, name: string) => valueOf(parseReference(kind, name) ?? refuse(of)(whole)));
}

/** What is said of a malformed one. */
export function badReference(of: string, text: string): MortiseError {
  const [, kind = '', name = ''] = /^(secret|env)s?(.*)$/i.exec(text.replaceAll(/[{}\s]/g, '')) ?? [];
  const near = parseReference(kind.toLowerCase(), name)?.text;
  return new BadReference({ of, text, ...(near !== undefined && { near }) });
}

function refuse(of: string): (text: string) => never {
  return (text) => {
    throw badReference(of, text);
  };
}

function collect(value: Json, found: Map<string, Reference>, malformed: (text: string) => void): void {
  if (typeof value === 'string') {
    for (const [text, kind, name] of value.matchAll(REFERENCE)) {
      const reference = parseReference(kind!, name!);
      if (reference === undefined) malformed(text);
      else found.set(reference.text, reference);
    }
    for (const [text] of value.replaceAll(REFERENCE, ' ').matchAll(NEARLY)) malformed(text);
  } else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) collect(part, found, malformed);
}

/** The name of a secret may have dots, that of a key has none. Undefined: it is malformed. */
function parseReference(kind: string, name: string): Reference | undefined {
  const trimmed = name.trim();
  const [, secret, key] = SECRET.exec(trimmed) ?? [];
  if (kind === 'secret' && secret !== undefined && key !== undefined) return { kind, secret, key, text: `{{secret.${secret}.${key}}}` };
  const variable = VARIABLE.exec(trimmed)?.[1];
  if (kind === 'env' && variable !== undefined) return { kind, variable, text: `{{env.${variable}}}` };
  return undefined;
}
