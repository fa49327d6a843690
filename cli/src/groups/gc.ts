import type { Command } from 'commander';
import { late, output } from './declare.ts';

const gcCommands = () => import('../commands/gc.ts');

export function declareGc(mortise: Command): void {
  mortise
    .command('gc')
    .description('collect garbage: remove what nothing needs any more')
    .option('--dry-run', 'only say what would be removed')
    .option('--unknown', 'also what this project knows nothing of (only if no other project uses its artifact stores)')
    .addOption(output())
    .action(late(gcCommands, (commands) => commands.collectGarbage));
}
