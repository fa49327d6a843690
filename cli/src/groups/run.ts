import { type Command, type CommanderError, Option } from 'commander';
import { badUsage, collect, late, strayOption } from './declare.ts';

const runCommands = () => import('../commands/run.ts');

export function declareRun(mortise: Command): void {
  mortise
    .command('run')
    .description('run a pipeline')
    .argument('<file>', 'FILE or FILE#NAME: the module that defines the pipeline, and the pipeline if it has several')
    .option('-p, --param <name=value>', 'a param of the pipeline (may be given several times)', collect)
    .option('-s, --stack <name>', 'stack to run on (default: the active one)')
    .option('-n, --name <name>', 'name of the run')
    .option('--experiment <name>', 'experiment the run belongs to (default: the name of the pipeline)')
    .option('--tag <name=value>', 'a tag of the run (may be given several times)', collect)
    .option('--no-cache', 'run every step anew')
    .option('-c, --concurrency <n>', 'most steps at once')
    .addOption(
      new Option('--execution-mode <mode>', 'what a failed step does to the others').choices([
        'fail-fast',
        'stop-on-failure',
        'continue-on-failure',
      ]),
    )
    .addOption(
      new Option('--on-tracker-error <policy>', 'what a step does whose experiment tracker cannot be opened (default warn)').choices([
        'warn',
        'fail',
      ]),
    )
    .addOption(
      new Option('--isolation <where>', 'where steps run that do not say it (default: as the orchestrator says)').choices([
        'inline',
        'process',
      ]),
    )
    .exitOverride((error) => {
      throw paramMeant(error) ?? error;
    })
    .action(late(runCommands, (commands) => commands.run));
}

/** `--rate=0.1` and `rate=0.1` are how a param is given elsewhere. */
function paramMeant(error: CommanderError): CommanderError | undefined {
  const option = strayOption(error);
  const [tooMany] = /^error: too many arguments .* but got \d+(?=: .*=)/s.exec(error.message) ?? [];
  const what = option === undefined ? tooMany : `unknown option '${option.name}'`;
  return what === undefined ? undefined : badUsage(error, `${what}. A param is given by --param NAME=VALUE.`);
}
