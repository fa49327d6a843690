import type { Command } from 'commander';
import { complete } from '../completion/candidates.ts';
import { namesInProject } from '../completion/names.ts';
import { SCRIPTS } from '../completion/scripts.ts';
import type { Shell } from '../completion/shells.ts';
import { printLine } from '../print.ts';

/** `mortise completion SHELL`. */
export async function printScript(shell: Shell): Promise<void> {
  process.stdout.write(SCRIPTS[shell]);
}

/** What the scripts ask: the words after `mortise` up to the cursor. */
export async function printCandidates(words: readonly string[], _options: unknown, command: Command): Promise<void> {
  const found = await complete(command.parent!, words, namesInProject);
  if (found === 'files') return printLine('files');
  // A shell reads one candidate a line.
  const lines = found
    .filter(({ value }) => !/[\n\t]/.test(value))
    .map(({ value, description }) => `${value}\t${description.replace(/\s+/g, ' ')}`);
  printLine(['words', ...lines].join('\n'));
}
