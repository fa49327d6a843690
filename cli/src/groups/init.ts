import type { Command } from 'commander';
import { late } from './declare.ts';

const initCommands = () => import('../commands/init.ts');

export function declareInit(mortise: Command): void {
  mortise
    .command('init')
    .description('make a project of this folder: a store and the stack "default"')
    .action(late(initCommands, (commands) => commands.init));
}
