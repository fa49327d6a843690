import { type Command, Option } from 'commander';
import { collect, late, output, paged } from './declare.ts';

const runsCommands = () => import('../commands/runs.ts');
const resumeCommands = () => import('../commands/resume.ts');
const logsCommands = () => import('../commands/logs.ts');

export function declareRuns(runs: Command): void {
  paged(runs.command('list').description('list runs, newest first'))
    .option('--pipeline <name>', 'only runs of this pipeline')
    .option('--experiment <name>', 'only runs of this experiment')
    .addOption(new Option('--status <status>', 'only runs that stand so').choices(['queued', 'running', 'completed', 'failed', 'killed']))
    .option('--stack <name>', 'only runs on this stack')
    .option('--name <text>', 'only runs with this in their name')
    .option('--tag <name=value>', 'only runs with this tag (may be given several times: with all of them)', collect)
    .addOption(new Option('--sort <key>', 'order (default -startedAt)').choices(['startedAt', '-startedAt', 'name', '-name']))
    .action(late(runsCommands, (commands) => commands.listRuns));
  runs
    .command('show')
    .description('show a run: its steps, metrics and tracker runs')
    .argument('<run>', 'name or id of the run, or "latest"')
    .addOption(output())
    .action(late(runsCommands, (commands) => commands.showRun));
  runs
    .command('resume')
    .description('go on with a run that failed, was killed, or whose process died: steps that ended well stay')
    .argument('<run>', 'name or id of the run, or "latest"')
    .option('-c, --concurrency <n>', 'most steps at once')
    .action(late(resumeCommands, (commands) => commands.resumeRun));
  runs
    .command('cancel')
    .description('stop a run, whichever process runs it')
    .argument('<run>', 'name or id of the run, or "latest"')
    .action(late(runsCommands, (commands) => commands.cancelRun));
  runs
    .command('delete')
    .description('delete runs and what they logged (versions that other runs use, and what trackers have of them, stay)')
    .argument('<run...>', 'names or ids of runs')
    .action(late(runsCommands, (commands) => commands.deleteRuns));
  runs
    .command('logs')
    .description('show what the steps of a run printed')
    .argument('<run>', 'name or id of the run, or "latest"')
    .option('--step <step>', 'only this step: train, each or each[2]')
    .option('-f, --follow', 'wait for more until the run has ended')
    .addOption(output())
    .action(late(logsCommands, (commands) => commands.showLogs));
}
