import { styleText } from 'node:util';
import { writeUnmasked } from './mask-output.ts';
import { printable } from './printable.ts';

/** What `--output` takes. */
export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Prints a value as JSON or YAML, or as `text` makes it readable. */
export async function print<T>(value: T, format: OutputFormat, text: (value: T) => string): Promise<void> {
  if (format === 'table') printLine(text(value));
  else writeUnmasked(format === 'json' ? `${jsonOf(value, 2)}\n` : await yamlOf(value));
}

/** What would command a terminal, and neither JSON nor YAML escapes: DEL and C1. */
const UNESCAPED = /[\u007f-\u009f]/g;
const hex = (control: string): string => control.charCodeAt(0).toString(16);

/** A value as JSON, in which nothing commands a terminal: JSON itself escapes only some of what would. */
export function jsonOf(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(UNESCAPED, (control) => `\\u00${hex(control)}`);
}

/** A value as YAML, with the keys that its JSON has, in which nothing commands a terminal. */
export async function yamlOf(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml');
  // Two places that hold one object do not become an anchor and its alias.
  const document = new Document(value, { aliasDuplicateObjects: false });
  // It can be escaped only within double quotes.
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === 'string' && scalar.value.search(UNESCAPED) !== -1) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  // Long texts stay on their line.
  return document.toString({ lineWidth: 0 }).replace(UNESCAPED, (control) => `\\x${hex(control)}`);
}

/** Prints lines for a person. Control characters in them are shown, and do nothing. */
export function printLine(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

const COLOURS: Readonly<Record<string, 'green' | 'red' | 'yellow' | 'dim'>> = {
  completed: 'green',
  cached: 'green',
  failed: 'red',
  killed: 'red',
  retrying: 'yellow',
  skipped: 'dim',
};

const painted = new Map<string, string>();

/** A status in its colour, where stdout is a terminal and NO_COLOR does not forbid it: looked at once, as that costs as much as to print a line. */
export function paintStatus(status: string): string {
  let known = painted.get(status);
  if (known === undefined) {
    const colour = COLOURS[status];
    known = colour === undefined ? status : styleText(colour, status, { stream: process.stdout });
    painted.set(status, known);
  }
  return known;
}
