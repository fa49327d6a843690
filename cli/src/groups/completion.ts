import { Argument, type Command } from 'commander';
import { ASK, SHELLS } from '../completion/shells.ts';
import { late } from './declare.ts';

const completionCommands = () => import('../commands/completion.ts');

export function declareCompletion(mortise: Command): void {
  mortise
    .command('completion')
    .description('print a script that lets a shell complete this command')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action(late(completionCommands, (commands) => commands.printScript));
  mortise
    .command(ASK, { hidden: true })
    .argument('[words...]')
    .helpOption(false)
    .action(late(completionCommands, (commands) => commands.printCandidates));
}
