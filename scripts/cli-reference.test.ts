import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { COMPONENT_TYPES } from '../cli/src/component-types.ts';
import { program } from '../cli/src/program.ts';
import { buildCommand, cliProject, type CliProject } from '../cli/src/testing/cli-project.ts';
import { ANY_TYPE, referenceCommands } from '../cli/src/testing/command-tree.ts';
import { codeBlocks, documentModules } from './testing/markdown-code.ts';
import { shellLines } from './testing/shell-lines.ts';

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const reference = join(repository, 'docs/cli.md');
const commands = referenceCommands(program());
const examples = codeBlocks(reference)
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => shellLines(text));

let project: CliProject;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  for (const { file, text } of documentModules(reference)) project.write(file, `${text}\n`);
});
afterAll(() => project.remove());

it.each(['generate-cli-reference.mjs', 'generate-schemas.mjs'])(
  'the references are what the commands and the types say: %s',
  async (script) => {
    const check = promisify(execFile)(process.execPath, [join(repository, 'scripts', script), '--check']);
    await expect(check).resolves.toMatchObject({ stderr: '' });
  },
);

describe('every command', () => {
  const types = COMPONENT_TYPES.map(({ type }) => type as string);
  const exampleOf = (name: string): boolean =>
    examples.some(({ words: [, group = '', ...rest] }) => {
      const words = [types.includes(group) && name.startsWith(ANY_TYPE) ? ANY_TYPE : group, ...rest];
      return name.split(' ').every((word, index) => words[index] === word);
    });
  it.each(commands)('has an example: $name', ({ name }) => {
    expect(exampleOf(name)).toBe(true);
  });

  it('is the same for every component type', () => {
    const [first, ...others] = types.map((type) => {
      const group = program().commands.find((command) => command.name() === type)!;
      const below = [...group.commands, ...group.commands.flatMap((command) => command.commands)];
      return below.map((command) => [command.name(), ...command.options.map(({ flags }) => flags)]);
    });
    for (const other of others) expect(other).toEqual(first);
  });
});

// One session: each example finds what those before it left.
describe('the examples, one after the other', () => {
  let env: Record<string, string> = {};
  it.each(examples)('$text', async ({ text, words, exitCode }) => {
    const [first, ...args] = words;
    if (first === 'export') {
      const [, name, value] = /^(\w+)=(.*)$/.exec(args[0]!)!;
      env = { ...env, [name!]: value! };
      return;
    }
    expect(first).toBe('mortise');
    const { code, stderr } = await project.mortise(args, { env: { XDG_CONFIG_HOME: join(project.folder, '.config'), ...env } });
    expect({ text, code, stderr }).toEqual({ text, code: exitCode, stderr: exitCode === 0 ? '' : stderr });
    if (exitCode !== 0 && stderr !== '') expect(stderr).toMatch(ONE_LINE);
  });
});

const ONE_LINE = /^error [A-Z_]+: [^\n]+\n$/;

describe('a wrong use is one line, and exit code 1', () => {
  const asWords = (name: string): string[] => name.replace(ANY_TYPE, 'artifact-store').split(' ');
  it.each(commands)('$name', async ({ name, command }) => {
    const words = asWords(name);
    const needed = command.registeredArguments.filter(({ required }) => required).map(({ argChoices }) => argChoices?.[0] ?? 'x');
    const takesMore = command.registeredArguments.some(({ variadic }) => variadic);
    const uses = [
      [...words, ...needed, '--no-such-option'],
      ...(needed.length === 0 ? [] : [words]),
      ...(takesMore ? [] : [[...words, 'one', 'two', 'three', 'four']]),
      ...command.options.flatMap(({ long, argChoices }) => (argChoices === undefined ? [] : [[...words, ...needed, `${long}=nothing`]])),
    ];
    for (const use of uses) {
      const { code, stdout, stderr } = await project.mortise(use);
      expect({ use, code, stdout, stderr }).toEqual({ use, code: 1, stdout: '', stderr: expect.stringMatching(ONE_LINE) });
    }
  });
});
