import { Argument, type Command } from 'commander';
import { COMPONENT_TYPES } from '../component-types.ts';
import { late } from './declare.ts';

const newFlavorCommands = () => import('../commands/new-flavor.ts');

/** `mortise flavor`: for those who write one. What a project knows of flavors is in the group of their component type. */
export function declareNewFlavor(flavor: Command): void {
  flavor
    .command('new')
    .description('write a package with a working flavor, and its test, to begin with')
    .addArgument(new Argument('<component-type>', 'of what').choices(COMPONENT_TYPES.map(({ type }) => type)))
    .argument('<name>', 'of the flavor')
    .option('--folder <folder>', 'where to (default ./mortise-NAME)')
    .action(late(newFlavorCommands, (commands) => commands.newFlavor));
}
