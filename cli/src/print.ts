import { styleText } from 'node:util';

export type OutputFormat = 'table' | 'json';

/** Prints a value as JSON, or as `text` makes it readable. */
export function print<T>(value: T, format: OutputFormat, text: (value: T) => string): void {
  printLine(format === 'json' ? JSON.stringify(value, undefined, 2) : text(value));
}

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

const COLOURS: Readonly<Record<string, 'green' | 'red' | 'yellow' | 'dim'>> = {
  completed: 'green',
  cached: 'green',
  failed: 'red',
  killed: 'red',
  retrying: 'yellow',
  skipped: 'dim',
};

/** A status in its colour, where stdout is a terminal and NO_COLOR does not forbid it. */
export function paintStatus(status: string): string {
  const colour = COLOURS[status];
  return colour === undefined ? status : styleText(colour, status, { stream: process.stdout });
}
