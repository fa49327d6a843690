import { type Command, Option } from 'commander';
import type { ComponentType } from '../component-types.ts';
import { collect, labelEdits, labelled, labels, late, output, paged, sort, spoken } from './declare.ts';
import { declareFlavor } from './flavor.ts';

const componentCommands = () => import('../commands/component.ts');
const componentEdits = () => import('../commands/component-edits.ts');

export function declareComponentType(group: Command, type: ComponentType): void {
  group
    .command('register')
    .description(`register an ${spoken(type)}; every other option is a key of its config, e.g. --some-key=value`)
    .usage('NAME --flavor=FLAVOR [--key=value ...]')
    .argument('<name>')
    .option('--flavor <flavor>', `see "mortise ${type} flavor list"`)
    .addOption(configKeys())
    .addOption(labels())
    .addOption(plainSecrets())
    .action(late(componentCommands, (commands) => commands.registerComponent.bind(undefined, type)));
  labelled(paged(group.command('list').description(`list registered ${spoken(type)}s`)))
    .option('--flavor <flavor>', 'only those of this flavor')
    .addOption(sort())
    .action(late(componentCommands, (commands) => commands.listComponents.bind(undefined, type)));
  group
    .command('get')
    .description('list those of the active stack')
    .addOption(output())
    .action(late(componentCommands, (commands) => commands.activeComponents.bind(undefined, type)));
  group
    .command('describe')
    .description('show one and its config')
    .argument('<name>')
    .addOption(output())
    .action(late(componentCommands, (commands) => commands.describeComponent.bind(undefined, type)));
  declareComponentEdits(group, type);
  declareFlavor(group, type);
}

function declareComponentEdits(group: Command, type: ComponentType): void {
  labelEdits(group.command('update').description('change one: every other option is a key of its config, the keys that are not named stay'))
    .usage('NAME [--key=value ...]')
    .argument('<name>')
    .addOption(configKeys())
    .addOption(plainSecrets())
    .action(late(componentEdits, (commands) => commands.updateComponent.bind(undefined, type)));
  group
    .command('remove-attribute')
    .description('take keys out of the config of one')
    .argument('<name>')
    .argument('<key...>')
    .action(late(componentEdits, (commands) => commands.removeAttributes.bind(undefined, type)));
  group
    .command('copy')
    .description('register another one of the same flavor, config and labels')
    .argument('<name>')
    .argument('<new-name>')
    .action(late(componentEdits, (commands) => commands.copyComponent.bind(undefined, type)));
  group
    .command('rename')
    .description('give one another name (its stacks keep it)')
    .argument('<name>')
    .argument('<new-name>')
    .action(late(componentEdits, (commands) => commands.renameComponent.bind(undefined, type)));
  group
    .command('delete')
    .description('delete one that no stack uses')
    .argument('<name>')
    .action(late(componentEdits, (commands) => commands.deleteComponent.bind(undefined, type)));
}

/** Without it a secret key takes only `{{secret.NAME.KEY}}`. */
const plainSecrets = (): Option => new Option('--force', 'store secret values in clear text');

/** What `rewriteArgv` makes of the keys of a config. */
const configKeys = (): Option => new Option('--config <key=value>').argParser(collect).hideHelp();
