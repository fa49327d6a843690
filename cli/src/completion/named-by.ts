import type { Argument, Command, Option } from 'commander';
import { COMPONENT_TYPES, type ComponentType } from '../component-types.ts';

/** What a word names in the project. */
export type Named =
  | { kind: 'stack' | 'run' | 'secret' }
  | { kind: 'pipeline' | 'experiment' }
  | { kind: 'component' | 'flavor'; type: ComponentType }
  | { kind: 'config-key'; type: ComponentType; flavor: string | undefined; component: string | undefined }
  | { kind: 'secret-key'; secret: string | undefined }
  | { kind: 'attribute'; type: ComponentType; component: string | undefined };

/** Commands whose first argument is the name of something new. */
const NAMES_NEW = new Set(['register', 'create', 'import', 'new']);

/**
 * What an argument or an option of a command stands for, told by what the commands call it everywhere: `<run>` is a run, `--stack` a stack, and `<name>` of
 * `mortise stack ...` a stack too. Undefined: nothing that could be listed.
 */
export function namedBy(command: Command, of: Argument | Option, operands: readonly string[]): Named | 'files' | undefined {
  const groups = groupsOf(command);
  const type = groups.map(componentType).find((each) => each !== undefined);
  const name = of.name();
  const ofOption = componentType(name);
  if (ofOption !== undefined) return { kind: 'component', type: ofOption };
  switch (name) {
    case 'file':
    case 'folder':
    case 'from-file':
      return 'files';
    case 'run':
    case 'stack':
      return { kind: name };
    case 'runs':
      return { kind: 'run' };
    case 'to':
      return { kind: 'component', type: 'experiment-tracker' };
    case 'pipeline':
    case 'experiment':
      return { kind: name };
    case 'flavor':
      return type === undefined ? undefined : { kind: 'flavor', type };
    case 'component':
      return { kind: 'component', type: type ?? 'experiment-tracker' };
    case 'source':
      return 'files';
    case 'key':
      return keyOf(groups, type, operands[0]);
    case 'name':
      return !('flags' in of) && !NAMES_NEW.has(command.name()) ? namedOfGroup(groups, type) : undefined;
    default:
      return undefined;
  }
}

/** Names of the commands above one, the nearest first. */
function groupsOf(command: Command): string[] {
  const names: string[] = [];
  for (let each = command.parent; each !== null; each = each.parent) names.push(each.name());
  return names;
}

const componentType = (name: string): ComponentType | undefined => COMPONENT_TYPES.find(({ type }) => type === name)?.type;

function namedOfGroup(groups: readonly string[], type: ComponentType | undefined): Named | undefined {
  if (groups[0] === 'stack' || groups[0] === 'secret') return { kind: groups[0] };
  if (type === undefined) return undefined;
  return { kind: groups[0] === 'flavor' ? 'flavor' : 'component', type };
}

function keyOf(groups: readonly string[], type: ComponentType | undefined, owner: string | undefined): Named | undefined {
  if (groups[0] === 'secret') return { kind: 'secret-key', secret: owner };
  return type === undefined ? undefined : { kind: 'attribute', type, component: owner };
}
