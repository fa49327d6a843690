import type { Command } from 'commander';
import type { ComponentType } from '../component-types.ts';
import { late, output } from './declare.ts';

const flavorCommands = () => import('../commands/flavor.ts');

/** `mortise <component type> flavor`. */
export function declareFlavor(group: Command, type: ComponentType): void {
  const flavor = group.command('flavor').description('what kinds there are, and registering others');
  flavor
    .command('register')
    .description('register a flavor of an installed package or of this project; this runs its code')
    .argument('<source>', 'PACKAGE, PACKAGE#EXPORT, ./PATH or ./PATH#EXPORT; a path is meant from the root of the project')
    .option('--force', 'it may take the place of another flavor of its name')
    .action(late(flavorCommands, (commands) => commands.registerFlavor.bind(undefined, type)));
  flavor
    .command('list')
    .description('list flavors, and whether they can be used')
    .addOption(output())
    .action(late(flavorCommands, (commands) => commands.listFlavors.bind(undefined, type)));
  flavor
    .command('describe')
    .description('show a flavor and the keys of its config and settings')
    .argument('<flavor>')
    .addOption(output())
    .action(late(flavorCommands, (commands) => commands.describeFlavor.bind(undefined, type)));
  flavor
    .command('refresh')
    .description('load a flavor anew after it changed, or all that do not come with Mortise; this runs their code')
    .argument('[flavor]')
    .action(late(flavorCommands, (commands) => commands.refreshFlavors.bind(undefined, type)));
  flavor
    .command('delete')
    .description('delete a flavor that no component is of')
    .argument('<flavor>')
    .action(late(flavorCommands, (commands) => commands.deleteFlavor.bind(undefined, type)));
}
