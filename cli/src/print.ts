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

/** A value as JSON, in which nothing commands a terminal: JSON itself escapes only some of what would. */
export function jsonOf(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(/[\u007f-\u009f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

/** A value as YAML, with the keys that its JSON has. */
export async function yamlOf(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  // Long texts stay on their line, and two places that hold one object do not become an anchor and its alias.
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
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
