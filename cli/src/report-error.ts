import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { printable } from './printable.ts';

/** Marks errors of Mortise, whichever copy of core made them. */
const MARK = Symbol.for('mortise.error.v1');

interface CodedError extends Error {
  /** `CODE: what happened. What to do`. */
  line: string;
}

/** Says on stderr what went wrong, in one line (`verbose`: with the stack), and gives the exit code. */
export function reportError(error: unknown, { verbose }: { verbose: boolean }): number {
  // commander has printed its help or version already, as it was asked to.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const mistake = mistakeLine(error);
  say(mistake === undefined ? bugLine(error) : `error ${mistake}\n`);
  if (verbose) say(`${stackOf(error)}\n`);
  return mistake === undefined ? 2 : 1;
}

/** Secrets are masked in all that this process prints (`mask-output.ts`). */
export function say(text: string): void {
  process.stderr.write(printable(text));
}

function mistakeLine(error: unknown): string | undefined {
  if (isCoded(error)) return error.line;
  // Any command may ask for it, and Node throws.
  if ((error as NodeJS.ErrnoException | undefined)?.syscall === 'uv_cwd')
    return 'BAD_USAGE: the working directory of this command has been deleted. Go to a folder that is there, and try again.';
  if (!(error instanceof CommanderError)) return undefined;
  if (error.code === 'commander.help') return 'BAD_USAGE: a command is missing here. Add --help to see which there are.';
  const [what = '', suggestion = ''] = unrepeated(error)
    .replace(/^error: /, '')
    .split('\n');
  const near = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(suggestion)?.[1];
  return `BAD_USAGE: ${what}${near === undefined ? '' : `. Did you mean "${near}"?`}`.replaceAll('..', '.');
}

/** What was given too much is not said again: it may be a key, meant for the config. */
function unrepeated({ code, message }: CommanderError): string {
  if (code === 'commander.unknownOption') return message.replace(/^(error: unknown option '[^'=]*)=[^]*?'(\n\(Did you mean .*)?$/, "$1'$2");
  if (code !== 'commander.excessArguments') return message;
  const [, counted = message, given = ''] = /^(.*? but got \d+)(: .*)?\.$/s.exec(message) ?? [];
  return given.includes('=') ? `${counted}. Write --key=value for what something is configured with.` : `${counted}.`;
}

function bugLine(error: unknown): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : typeof error === 'string' ? error : inspect(error);
  return `error INTERNAL: ${what.replace(/\s+/g, ' ').trim()}. This is a bug in Mortise: please report it, with what this command prints with --verbose.\n`;
}

function isCoded(error: unknown): error is CodedError {
  return typeof error === 'object' && error !== null && MARK in error;
}

/** The stack of an error and of what caused it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\ncaused by ${stackOf(error.cause)}`;
}
