import type { Argument, Command, Option } from 'commander';
import { COMPONENT_TYPES } from '../component-types.ts';

/** A command that does something, as the reference has it. */
export interface ReferenceCommand {
  /** `runs list`; `TYPE register` for those that every component type has. */
  name: string;
  command: Command;
}

/** Stands for any component type. */
export const ANY_TYPE = 'TYPE';

/** The type whose commands stand for those of all. */
const EXAMPLE_TYPE = 'experiment-tracker';

/** The commands of a program that do something, in order, those of the component types once. */
export function referenceCommands(program: Command): ReferenceCommand[] {
  const others = COMPONENT_TYPES.map(({ type }) => type as string).filter((type) => type !== EXAMPLE_TYPE);
  return visible(program)
    .filter((group) => !others.includes(group.name()))
    .flatMap((group) => leaves(group, group.name() === EXAMPLE_TYPE ? ANY_TYPE : group.name()));
}

function leaves(command: Command, name: string): ReferenceCommand[] {
  const below = visible(command);
  return below.length === 0 ? [{ name, command }] : below.flatMap((each) => leaves(each, `${name} ${each.name()}`));
}

const visible = (command: Command): Command[] => {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help');
};

export const visibleOptions = (command: Command): Option[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help');

/** What a command is called in its descriptions, for any component type. */
export function ofAnyType(text: string): string {
  return text
    .replaceAll(EXAMPLE_TYPE, ANY_TYPE)
    .replaceAll('an experiment tracker', 'a component')
    .replaceAll('experiment tracker', 'component');
}

/** `NAME`, `[NAME]`, `NAME...`. */
export function argumentText(argument: Argument): string {
  const name = argument.name().toUpperCase().replaceAll('=', ' = ');
  const shown = argument.variadic ? `${name}...` : name;
  return argument.required ? shown : `[${shown}]`;
}
