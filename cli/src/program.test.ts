import { expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { program } from './program.ts';

const names = (command: Command): string[] => command.commands.map((each) => each.name());
const helpBelow = (command: Command): string => [command, ...command.commands].map((each) => each.helpInformation()).join('\n');

it('a command line that names a group finds in it all that there is, wherever it names it', () => {
  const groups = program().commands.filter(({ commands }) => commands.length > 0);
  expect(groups.map((group) => group.name())).toContain('artifact-store');
  for (const group of groups)
    for (const words of [[group.name()], ['--verbose', 'help', group.name(), 'register']]) {
      const found = program(words).commands.find((each) => each.name() === group.name())!;
      expect(helpBelow(found)).toBe(helpBelow(group));
    }
});

it('help is the same whether the groups are declared or only named', () => {
  expect(program(['--help']).helpInformation()).toBe(program().helpInformation());
  expect(names(program([]).commands.find((each) => each.name() === 'stack')!)).toEqual([]);
});
