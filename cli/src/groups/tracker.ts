import type { Command } from 'commander';
import { late, output } from './declare.ts';

const trackerCommands = () => import('../commands/tracker.ts');

export function declareTracker(tracker: Command): void {
  tracker
    .command('status')
    .description('per experiment tracker: what waits, the last error, and the events that it refused')
    .argument('[component]')
    .option('--all', 'each event that it refused, instead of those that are alike in one line')
    .addOption(output())
    .action(late(trackerCommands, (commands) => commands.trackerStatus));
  tracker
    .command('deliver')
    .description('deliver all that waits; or runs that have ended to a tracker that was none of theirs')
    .argument('[component]')
    .option('--runs <run...>', 'these runs, by name or id (with --to)')
    .option('--experiment <name>', 'all runs of this experiment that have ended (with --to)')
    .option('--to <component>', 'the experiment tracker that they go to')
    .option('--patience <seconds>', 'how long a tracker that only fails is tried again (default 15)')
    .addOption(output())
    .action(late(trackerCommands, (commands) => commands.deliver));
  tracker
    .command('retry')
    .description('send the events again that it refused')
    .argument('[component]')
    .action(late(trackerCommands, (commands) => commands.retry));
  tracker
    .command('drop')
    .description('give up what waits and the events that it refused')
    .argument('[component]')
    .option('--run <run>', 'only of this run')
    .option('--yes', 'do not ask')
    .action(late(trackerCommands, (commands) => commands.drop));
}
