import { type Command, CommanderError, Option } from 'commander';
import type { ComponentType } from '../component-types.ts';
import { OUTPUT_FORMATS } from '../print.ts';

/** An action whose module is imported when it is called. commander hands over arguments and options as they were declared, untyped. */
export function late<Module>(load: () => Promise<Module>, pick: (module: Module) => (...args: never[]) => Promise<void>) {
  return async (...args: unknown[]): Promise<void> => pick(await load())(...(args as never[]));
}

export const spoken = (type: ComponentType): string => type.replaceAll('-', ' ');

export const output = (): Option => new Option('--output <format>', 'how to print it').choices(OUTPUT_FORMATS).default('table');

/** Name and value of an option that commander does not know, and has none like it; undefined for another mistake. */
export function strayOption({ code, message }: CommanderError): { name: string; value: string | undefined } | undefined {
  const [, name, , value] = /^error: unknown option '([^'=\n]+)(=([^]*))?'$/.exec(message) ?? [];
  return code !== 'commander.unknownOption' || name === undefined ? undefined : { name, value };
}

/** A mistake in words of our own. */
export const badUsage = ({ exitCode }: CommanderError, what: string): CommanderError =>
  new CommanderError(exitCode, 'mortise.badUsage', what);

/** Order of a list of what has a name. */
export const sort = (): Option => new Option('--sort <key>', 'order (default name)').choices(['name', '-name', 'createdAt', '-createdAt']);

/** For an option that may be given several times. */
export const collect = (value: string, earlier: string[] = []): string[] => [...earlier, value];

/** Labels that something has from the beginning. */
export const labels = (): Option =>
  new Option('--label <name=value>', 'a label to find it by (may be given several times)').argParser(collect);

/** Labels that come, give way to another text, and go. */
export function labelEdits(command: Command): Command {
  return command
    .addOption(labels())
    .addOption(new Option('--remove-label <name>', 'a label that goes (may be given several times)').argParser(collect));
}

/** Lists of what has a name and labels. */
export function labelled(command: Command): Command {
  return command
    .option('--name <text>', 'only those with this in their name')
    .addOption(new Option('--label <name=value>', 'only those with this label (with all, if given several times)').argParser(collect));
}

/** A list comes in pages. */
export function paged(command: Command): Command {
  return command
    .option('--limit <n>', 'most rows of a page (default 50, at most 1000)')
    .option('--after <cursor>', 'the page after this one: "next" of the page before')
    .addOption(output());
}
