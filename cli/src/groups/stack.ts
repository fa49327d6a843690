import type { Command } from 'commander';
import { COMPONENT_TYPES } from '../component-types.ts';
import { collect, labelEdits, labelled, labels, late, output, paged, sort, spoken } from './declare.ts';

const stackCommands = () => import('../commands/stack.ts');
const stackValidation = () => import('../commands/validate-stack.ts');
const stackFiles = () => import('../commands/stack-files.ts');
const stackEdits = () => import('../commands/stack-edits.ts');

export function declareStack(stack: Command): void {
  parts(stack.command('register').description('register a stack of registered components').argument('<name>'))
    .addOption(labels())
    .option('--set', 'make it the active stack')
    .action(late(stackCommands, (commands) => commands.registerStack));
  stack
    .command('set')
    .description('make a stack the active one of this project')
    .argument('<name>')
    .action(late(stackCommands, (commands) => commands.setStack));
  stack
    .command('get')
    .description('show the active stack')
    .addOption(output())
    .action(late(stackCommands, (commands) => commands.describeStack.bind(undefined, undefined)));
  labelled(paged(stack.command('list').description('list stacks')))
    .option('--component <name>', 'only those with a component of this name')
    .addOption(sort())
    .action(late(stackCommands, (commands) => commands.listStacks));
  stack
    .command('describe')
    .description('show a stack and its components (default: the active one)')
    .argument('[name]')
    .addOption(output())
    .action(late(stackCommands, (commands) => commands.describeStack));
  declareStackEdits(stack);
  declareStackFiles(stack);
  stack
    .command('validate')
    .description('make every component of a stack, and check that it can be reached (default: the active stack)')
    .argument('[name]')
    .option('--timeout <seconds>', 'how long each component may take (default 10)')
    .addOption(output())
    .action(late(stackValidation, (commands) => commands.validateStack));
  stack
    .command('delete')
    .description('delete a stack (its components and runs stay)')
    .argument('<name>')
    .action(late(stackCommands, (commands) => commands.deleteStack));
}

function declareStackEdits(stack: Command): void {
  labelEdits(
    parts(
      stack.command('update').description('change a stack: the components of each type that is named give way to these, the others stay'),
    ),
  )
    .argument('<name>')
    .action(late(stackEdits, (commands) => commands.updateStack));
  parts(stack.command('remove-component').description('take components out of a stack').argument('<name>')).action(
    late(stackEdits, (commands) => commands.removeFromStack),
  );
  stack
    .command('copy')
    .description('register another stack of the same components and labels')
    .argument('<name>')
    .argument('<new-name>')
    .action(late(stackEdits, (commands) => commands.copyStack));
  stack
    .command('rename')
    .description('give a stack another name (the active one stays active)')
    .argument('<name>')
    .argument('<new-name>')
    .action(late(stackEdits, (commands) => commands.renameStack));
}

function declareStackFiles(stack: Command): void {
  stack
    .command('export')
    .description(
      'write what it takes to make a stack again elsewhere, as YAML and without any secret (default: the active stack, to stdout)',
    )
    .argument('[name]')
    .argument('[file]')
    .action(late(stackFiles, (commands) => commands.exportStack));
  stack
    .command('import')
    .description('make an exported stack again; this runs the code of flavors that are not registered here')
    .argument('<file>', 'what "mortise stack export" wrote; "-" reads it from stdin')
    .option('--name <name>', 'name of the stack here (default: as in the file)')
    .option('--force', 'its flavors may take the place of others of their name')
    .action(late(stackFiles, (commands) => commands.importStack));
}

/** An option for each component type. */
function parts(command: Command): Command {
  for (const { type, flag, several } of COMPONENT_TYPES) {
    const short = flag.length === 1 ? `-${flag}, ` : '';
    const also = flag.length === 1 ? '' : `, also -${flag}`;
    const about = several ? `name of an ${spoken(type)} (may be given several times${also})` : `name of the ${spoken(type)}${also}`;
    command.option(`${short}--${type} <name>`, about, collect);
  }
  return command;
}
