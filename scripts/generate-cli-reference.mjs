// Writes docs/cli.md from the commands themselves and from cli/src/groups/*.md, which say beside each declaration what a declaration cannot.
// `--check` writes nothing and ends with 1 if the file is not up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';

import { program } from '../cli/src/program.ts';
import { ANY_TYPE, argumentText, ofAnyType, referenceCommands, visibleOptions } from '../cli/src/testing/command-tree.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const groups = join(root, 'cli/src/groups');
const target = join(root, 'docs/cli.md');

const readText = (name) => {
  const file = join(groups, `${name}.md`);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
};

/** A file of a group: what it says of the group, and under `## list` what it says of `mortise <group> list`. */
function sectionsOf(group) {
  const [about = '', ...sections] = readText(group === ANY_TYPE ? 'component' : group).split(/^## /m);
  const of = new Map(
    sections.map((section) => [section.slice(0, section.indexOf('\n')).trim(), section.slice(section.indexOf('\n')).trim()]),
  );
  return { about: about.trim(), of };
}

const cell = (text) => text.replaceAll('|', '\\|');
const code = (text) => `\`${text}\``;
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.:]$/.test(text) ? '' : '.'}`;

function optionText({ description, argChoices, defaultValue }) {
  const choices = argChoices === undefined ? '' : `: ${argChoices.map(code).join(', ')}`;
  const fallback = defaultValue === undefined || typeof defaultValue === 'boolean' ? '' : ` (default ${code(String(defaultValue))})`;
  return `${description}${choices}${fallback}`;
}

function commandText({ name, command }, text) {
  const spoken = name.startsWith(ANY_TYPE) ? ofAnyType : (each) => each;
  const usage = command.usage() === command.createHelp().commandUsage(command) ? '' : command.usage();
  const args = command.registeredArguments;
  const own = usage.startsWith('[options]') || usage === '' ? ['[options]', ...args.map(argumentText)].join(' ') : usage;
  const options = visibleOptions(command);
  const rows = [
    ...args.map((argument) => [code(argumentText(argument)), optionText(argument)]),
    ...options.map((option) => [code(option.flags), optionText(option)]),
  ].filter(([, about]) => about !== '');
  const shown = options.length === 0 ? own.replace(/^\[options\] ?/, '') : own;
  return [
    sentence(spoken(command.description())),
    `\`\`\`text\nmortise ${name} ${shown}\n\`\`\``.replace(' \n', '\n'),
    rows.length === 0
      ? ''
      : `| | |\n|---|---|\n${rows.map((row) => `| ${row.map((each) => cell(spoken(each))).join(' | ')} |`).join('\n')}`,
    text ?? '',
    options.some(({ long }) => long === '--output') ? `Schema of its JSON: ${schemaLink(name)}.` : '',
  ];
}

function schemaLink(name) {
  const file = `${name.replace(ANY_TYPE, 'component').replaceAll(' ', '-')}.json`;
  return `[${file}](schemas/${file})`;
}

function groupText(group, commands) {
  const { about, of } = sectionsOf(group);
  const [first] = commands;
  const alone = commands.length === 1 && first.name === group;
  const unknown = [...of.keys()].filter((name) => !commands.some((each) => each.name === `${group} ${name}`));
  if (unknown.length > 0) throw new Error(`cli/src/groups/${group}.md describes "${unknown.join('", "')}", which is no command`);
  if (alone) return [`## mortise ${group}`, ...commandText(first, about)];
  return [
    `## mortise ${group}`,
    about,
    ...commands.flatMap((each) => [`### mortise ${each.name}`, ...commandText(each, of.get(each.name.slice(group.length + 1)))]),
  ];
}

function reference() {
  const commands = referenceCommands(program());
  const names = [...new Set(commands.map(({ name }) => name.split(' ')[0]))];
  const contents = commands.map(({ name, command }) => {
    const anchor = `mortise-${name.toLowerCase().replaceAll(' ', '-')}`;
    return `| [\`mortise ${name}\`](#${anchor}) | ${cell(name.startsWith(ANY_TYPE) ? ofAnyType(command.description()) : command.description())} |`;
  });
  const parts = [
    '<!-- Written by scripts/generate-cli-reference.mjs from the commands and from cli/src/groups/*.md: change those, then run "npm run references". -->',
    readText('mortise'),
    `| command | what it does |\n|---|---|\n${contents.join('\n')}`,
    ...names.flatMap((group) =>
      groupText(
        group,
        commands.filter(({ name }) => name.split(' ')[0] === group),
      ),
    ),
    readText('exit-codes'),
    readText('json'),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const text = await format(reference(), { ...(await resolveConfig(target)), filepath: target });
if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
  console.error('docs/cli.md is not what the commands say: npm run references');
  process.exitCode = 1;
}
