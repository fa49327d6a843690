import type { Command, CommanderError } from 'commander';
import { badUsage, collect, late, output, paged, strayOption } from './declare.ts';

const secretCommands = () => import('../commands/secret.ts');

export function declareSecret(secret: Command): void {
  sources(
    secret
      .command('create')
      .description('make a secret; values come from a prompt, variables, files or stdin, never from the command line'),
  ).action(late(secretCommands, (commands) => commands.createSecret));
  secret
    .command('get')
    .description('show the names of the keys of a secret, or with --reveal their values')
    .argument('<name>')
    .argument('[key]', 'print the value of this key alone')
    .option('--reveal', 'print values in clear text')
    .addOption(output())
    .action(late(secretCommands, (commands) => commands.getSecret));
  paged(secret.command('list').description('list secrets and the names of their keys'))
    .option('--name <text>', 'only those with this in their name')
    .action(late(secretCommands, (commands) => commands.listSecrets));
  sources(secret.command('update').description('give keys of a secret other values; the keys that are not named stay'))
    .option('--remove <key>', 'a key that goes (may be given several times)', collect)
    .action(late(secretCommands, (commands) => commands.updateSecret));
  secret
    .command('delete')
    .description('delete a secret; what refers to it does not find it any more')
    .argument('<name>')
    .action(late(secretCommands, (commands) => commands.deleteSecret));
}

function sources(command: Command): Command {
  return command
    .argument('<name>')
    .argument('[key...]', 'keys whose values are asked for, or read from stdin where that is no terminal')
    .option(
      '--from-env <key=variable>',
      'a key, and the variable that has its value; a variable alone is the key too (may be given several times)',
      collect,
    )
    .option('--from-file <key=path>', 'a key, and the file that has its value (may be given several times)', collect)
    .exitOverride((error) => {
      throw valueMeant(error) ?? error;
    });
}

/** `--key=value`, as other tools take it: the value stands in the shell's history already, and is not repeated. */
function valueMeant(error: CommanderError): CommanderError | undefined {
  const option = strayOption(error);
  if (option === undefined) return undefined;
  const key = option.name.replace(/^-+/, '');
  return badUsage(
    error,
    option.value === undefined
      ? `unknown option '${option.name}'. Name the key alone, without dashes: you are asked for its value.`
      : `the value of "${key}" was given on the command line, where other users and the history of the shell see it. Name the key alone: you are asked for its value.`,
  );
}
