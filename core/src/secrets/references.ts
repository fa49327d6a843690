import { BadReference } from '../errors.ts';
import type { Json } from '../json.ts';

/** What a config or a setting names in place of a value: a key of a secret, or a variable of the environment. */
export type Reference = { kind: 'secret'; secret: string; key: string; text: string } | { kind: 'env'; variable: string; text: string };

const REFERENCE = /\{\{\s*(secrets?|env)\b([^{}]*)\}\}/g;
const SECRET = /^\.([A-Za-z0-9][A-Za-z0-9._-]*)\.([A-Za-z0-9_-]+)$/;
const VARIABLE = /^\.([^\s.=]+)$/;

/** Whether a value is a text with `{{secret.name.key}}` or `{{env.NAME}}` in it: its value is not known yet. */
export function isReference(value: unknown): boolean {
  return typeof value === 'string' && value.search(REFERENCE) >= 0;
}

/** Whether there is a reference anywhere in a value. */
export function holdsReferences(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return isReference(value);
  return Object.values(value).some(holdsReferences);
}

/**
 * Every reference in a value, each once, in the order in which they stand there.
 * @param of whose value it is, for the message: `experiment tracker "mlflow"`
 * @throws BadReference
 */
export function referencesIn(value: Json, of: string): Reference[] {
  const found = new Map<string, Reference>();
  collect(value, of, found);
  return [...found.values()];
}

/** A text with every reference replaced by what `valueOf` gives for it. */
export function replaceReferences(text: string, of: string, valueOf: (reference: Reference) => string): string {
  return text.replaceAll(REFERENCE, (whole, kind: string, name: string) => valueOf(parseReference(whole, kind, name, of)));
}

function collect(value: Json, of: string, found: Map<string, Reference>): void {
  if (typeof value === 'string')
    for (const [text, kind, name] of value.matchAll(REFERENCE)) {
      const reference = parseReference(text, kind!, name!, of);
      found.set(reference.text, reference);
    }
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) collect(part, of, found);
}

/** The name of a secret may have dots, that of a key has none. */
function parseReference(whole: string, kind: string, name: string, of: string): Reference {
  const trimmed = name.trim();
  const [, secret, key] = SECRET.exec(trimmed) ?? [];
  if (kind === 'secret' && secret !== undefined && key !== undefined) return { kind, secret, key, text: `{{secret.${secret}.${key}}}` };
  const variable = VARIABLE.exec(trimmed)?.[1];
  if (kind === 'env' && variable !== undefined) return { kind, variable, text: `{{env.${variable}}}` };
  throw new BadReference({ of, text: whole });
}
