import type { Argument, Command, Option } from 'commander';
import { COMPONENT_TYPES } from '../component-types.ts';
import { namedBy, type Named } from './named-by.ts';

/** Something that may stand where the cursor is. */
export interface Candidate {
  value: string;
  description: string;
}

/** What completes a word: candidates, or files, which a shell knows best. */
export type Completion = 'files' | Candidate[];

/** Gives the names there are of something: looked up only when a word asks for them. */
export type Names = (named: Named) => Promise<Candidate[]>;

/** Where the cursor is, from the words before it. */
interface Place {
  command: Command;
  /** Arguments before the cursor that are neither options nor commands. */
  operands: string[];
  /** The option whose value the cursor is at. */
  option: Option | undefined;
  /** After `--`: no more options. */
  bare: boolean;
}

/**
 * What may stand in place of the last of `words`, which are those after `mortise` up to the cursor, the last as far as it is typed.
 * @param program what they are parsed by
 */
export async function complete(program: Command, words: readonly string[], names: Names): Promise<Completion> {
  const typed = words.at(-1) ?? '';
  const place = placeOf(program, words.slice(0, -1));
  const found = await completionAt(place, typed, names, words);
  return found === 'files' ? found : found.filter(({ value }) => value.startsWith(typed));
}

function placeOf(program: Command, words: readonly string[]): Place {
  const place: Place = { command: program, operands: [], option: undefined, bare: false };
  for (const word of words) {
    if (place.option !== undefined) place.option = undefined;
    else if (word === '--') place.bare = true;
    else if (word.startsWith('-') && !place.bare) place.option = word.includes('=') ? undefined : valued(optionOf(place.command, word));
    else {
      const below = place.operands.length === 0 ? place.command.commands.find((each) => each.name() === word) : undefined;
      if (below === undefined) place.operands.push(word);
      else place.command = below;
    }
  }
  return place;
}

async function completionAt(place: Place, typed: string, names: Names, words: readonly string[]): Promise<Completion> {
  const { command, operands, option, bare } = place;
  if (option !== undefined) return valuesOf(command, option, names, operands);
  if (typed.startsWith('-') && !bare) return optionsAt(place, typed, names, words);
  if (operands.length === 0 && command.commands.length > 0) return command.commands.filter(isShown).map(commandCandidate);
  const argument = argumentAt(command, operands.length);
  return argument === undefined ? [] : valuesOf(command, argument, names, operands);
}

/** `--op` names an option, `--output=js` a value of one, whole as it is typed. */
async function optionsAt(place: Place, typed: string, names: Names, words: readonly string[]): Promise<Completion> {
  const at = typed.indexOf('=');
  if (at === -1) return [...optionCandidates(place.command), ...(await configKeys(place, names, words))];
  const option = valued(optionOf(place.command, typed.slice(0, at)));
  const values = option === undefined ? [] : await valuesOf(place.command, option, names, place.operands);
  if (values === 'files') return values;
  return values.map(({ value, description }) => ({ value: `${typed.slice(0, at + 1)}${value}`, description }));
}

async function valuesOf(command: Command, of: Argument | Option, names: Names, operands: readonly string[]): Promise<Completion> {
  if (of.argChoices !== undefined) return of.argChoices.map((value) => ({ value, description: '' }));
  const named = namedBy(command, of, operands);
  return named === 'files' ? named : named === undefined ? [] : names(named);
}

/** `<component type> register` and `update` take the keys of the flavor's config as options. */
async function configKeys({ command, operands }: Place, names: Names, words: readonly string[]): Promise<Candidate[]> {
  const type = COMPONENT_TYPES.find((each) => each.type === command.parent?.name())?.type;
  if (type === undefined || !['register', 'update'].includes(command.name())) return [];
  const at = words.findIndex((word) => /^--flavor(=|$)/.test(word));
  const flavor = at === -1 ? undefined : (words[at]!.split('=')[1] ?? words[at + 1]);
  return names({ kind: 'config-key', type, flavor, component: operands[0] });
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const declared = command.registeredArguments;
  const last = declared.at(-1);
  return declared[index] ?? (last?.variadic ? last : undefined);
}

/** Of the command or of one above it; `-al` stands for an option though commander has no flags of two letters. */
function optionOf(command: Command | null, word: string): Option | undefined {
  const long = COMPONENT_TYPES.find(({ flag }) => flag.length > 1 && word === `-${flag}`)?.type;
  const wanted = long === undefined ? word : `--${long}`;
  for (let each = command; each !== null; each = each.parent) {
    const found = each.options.find((option) => option.short === wanted || option.long === wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}

const valued = (option: Option | undefined): Option | undefined => (option?.required || option?.optional ? option : undefined);
const isShown = (command: Command): boolean => command.createHelp().visibleCommands(command.parent!).includes(command);
const commandCandidate = (command: Command): Candidate => ({ value: command.name(), description: command.description() });

function optionCandidates(command: Command): Candidate[] {
  const all = [...command.createHelp().visibleOptions(command), ...command.createHelp().visibleGlobalOptions(command)];
  const above: Option[] = [];
  for (let each = command.parent; each !== null; each = each.parent) above.push(...each.options);
  const unique = new Map([...all, ...above].map((option) => [option.long ?? option.short!, option.description]));
  // A version is asked of the command as a whole.
  if (command.parent !== null) unique.delete('--version');
  return [...unique].map(([value, description]) => ({ value, description }));
}
