import type { Command } from 'commander';
import { late, output } from './declare.ts';

const importCommands = () => import('../commands/import.ts');

export function declareImport(mortise: Command): void {
  mortise
    .command('import')
    .description('read the runs that another tracker has kept into the project')
    .argument('<vendor>', 'wandb, comet, neptune or mlflow; or the package or path of another importer')
    .argument('<source>', 'what is read: a folder, a file or an address')
    .option('--experiment <name>', 'only runs of this experiment or project')
    .option('--dry-run', 'only say what would be imported')
    .addOption(output())
    .action(late(importCommands, (commands) => commands.importRuns));
}
