import type { Command } from 'commander';
import { late, output } from './declare.ts';

const statusCommands = () => import('../commands/status.ts');

export function declareStatus(mortise: Command): void {
  mortise
    .command('status')
    .description('show the project, its active stack and its last run')
    .addOption(output())
    .action(late(statusCommands, (commands) => commands.status));
}
