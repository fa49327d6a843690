import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { COMPONENT_TYPES, type ComponentType } from './component-types.ts';

/** The same place seen from src/ and from dist/. */
const packageFile = new URL('../package.json', import.meta.url);

/**
 * The `mortise` command and everything below it: names, arguments and options. What a command does is imported when it is called,
 * so that help and usage errors cost no more than commander.
 */
export function program(): Command {
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const mortise = new Command('mortise')
    .description('Pipelines and experiment tracking for TypeScript')
    .version(version)
    .option('--verbose', 'print errors whole, with their stacks')
    .exitOverride()
    .configureOutput({ outputError: () => undefined, writeErr: () => undefined });
  declareInit(mortise);
  declareRun(mortise);
  declareRuns(mortise);
  declareStack(mortise);
  for (const { type, several } of COMPONENT_TYPES) declareComponentType(mortise, type, several);
  declareTracker(mortise);
  declareGc(mortise);
  declareStatus(mortise);
  return mortise;
}

const initCommands = () => import('./commands/init.ts');
const runCommands = () => import('./commands/run.ts');
const runsCommands = () => import('./commands/runs.ts');
const resumeCommands = () => import('./commands/resume.ts');
const logsCommands = () => import('./commands/logs.ts');
const stackCommands = () => import('./commands/stack.ts');
const componentCommands = () => import('./commands/component.ts');
const flavorCommands = () => import('./commands/flavor.ts');
const trackerCommands = () => import('./commands/tracker.ts');
const gcCommands = () => import('./commands/gc.ts');
const statusCommands = () => import('./commands/status.ts');

/** An action whose module is imported when it is called. commander hands over arguments and options as they were declared, untyped. */
function late<Module>(load: () => Promise<Module>, pick: (module: Module) => (...args: never[]) => Promise<void>) {
  return async (...args: unknown[]): Promise<void> => pick(await load())(...(args as never[]));
}

const spoken = (type: ComponentType): string => type.replaceAll('-', ' ');

const output = (): Option => new Option('--output <format>', 'how to print it').choices(['table', 'json']).default('table');

const sort = (): Option => new Option('--sort <key>', 'order (default name)').choices(['name', '-name', 'createdAt', '-createdAt']);

const collect = (value: string, earlier: string[] = []): string[] => [...earlier, value];

/** A list comes in pages. */
function paged(command: Command): Command {
  return command
    .option('--limit <n>', 'most rows of a page (default 50, at most 1000)')
    .option('--after <cursor>', 'the page after this one: "next" of the page before')
    .addOption(output());
}

function declareInit(mortise: Command): void {
  mortise
    .command('init')
    .description('make a project of this folder: a store and the stack "default"')
    .action(late(initCommands, (commands) => commands.init));
}

function declareRun(mortise: Command): void {
  mortise
    .command('run')
    .description('run a pipeline')
    .argument('<file>', 'FILE or FILE#NAME: the module that defines the pipeline, and the pipeline if it has several')
    .option('-p, --param <name=value>', 'a param of the pipeline (may be given several times)', collect)
    .option('-s, --stack <name>', 'stack to run on (default: the active one)')
    .option('-n, --name <name>', 'name of the run')
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
    .action(late(runCommands, (commands) => commands.run));
}

function declareRuns(mortise: Command): void {
  const runs = mortise.command('runs').description('look at runs, resume, cancel and delete them');
  paged(runs.command('list').description('list runs, newest first'))
    .option('--pipeline <name>', 'only runs of this pipeline')
    .option('--experiment <name>', 'only runs of this experiment')
    .addOption(new Option('--status <status>', 'only runs that stand so').choices(['queued', 'running', 'completed', 'failed', 'killed']))
    .option('--stack <name>', 'only runs on this stack')
    .option('--name <text>', 'only runs with this in their name')
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

function declareTracker(mortise: Command): void {
  const tracker = mortise.command('tracker').description('look at and deliver what experiment trackers have not taken yet');
  tracker
    .command('status')
    .description('per experiment tracker: what waits, the last error, and the events that it refused')
    .argument('[component]')
    .addOption(output())
    .action(late(trackerCommands, (commands) => commands.trackerStatus));
  tracker
    .command('deliver')
    .description('deliver all that waits')
    .argument('[component]')
    .option('--patience <seconds>', 'how long a tracker that only fails is tried again (default 15)')
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

function declareGc(mortise: Command): void {
  mortise
    .command('gc')
    .description('collect garbage: remove what nothing needs any more')
    .option('--dry-run', 'only say what would be removed')
    .option('--unknown', 'also what this project knows nothing of (only if no other project uses its artifact stores)')
    .addOption(output())
    .action(late(gcCommands, (commands) => commands.collectGarbage));
}

function declareStack(mortise: Command): void {
  const stack = mortise.command('stack').description('register, choose and look at stacks');
  const register = stack.command('register').description('register a stack of registered components').argument('<name>');
  for (const { type, flag, several } of COMPONENT_TYPES) {
    const short = flag.length === 1 ? `-${flag}, ` : '';
    const also = flag.length === 1 ? '' : `, also -${flag}`;
    const about = several ? `name of an ${spoken(type)} (may be given several times${also})` : `name of the ${spoken(type)}${also}`;
    register.option(`${short}--${type} <name>`, about, collect);
  }
  register.option('--set', 'make it the active stack').action(late(stackCommands, (commands) => commands.registerStack));
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
  paged(stack.command('list').description('list stacks'))
    .addOption(sort())
    .action(late(stackCommands, (commands) => commands.listStacks));
  stack
    .command('describe')
    .description('show a stack and its components (default: the active one)')
    .argument('[name]')
    .addOption(output())
    .action(late(stackCommands, (commands) => commands.describeStack));
  stack
    .command('delete')
    .description('delete a stack (its components and runs stay)')
    .argument('<name>')
    .action(late(stackCommands, (commands) => commands.deleteStack));
}

function declareComponentType(mortise: Command, type: ComponentType, several: boolean): void {
  const group = mortise.command(type).description(`register and look at ${spoken(type)}s${several ? ' (a stack may have several)' : ''}`);
  group
    .command('register')
    .description(`register an ${spoken(type)}; every other option is a key of its config, e.g. --some-key=value`)
    .usage('NAME --flavor=FLAVOR [--key=value ...]')
    .argument('<name>')
    .option('--flavor <flavor>', `see "mortise ${type} flavor list"`)
    .addOption(new Option('--config <key=value>').argParser(collect).hideHelp())
    .action(late(componentCommands, (commands) => commands.registerComponent.bind(undefined, type)));
  paged(group.command('list').description(`list registered ${spoken(type)}s`))
    .addOption(sort())
    .action(late(componentCommands, (commands) => commands.listComponents.bind(undefined, type)));
  group
    .command('describe')
    .description('show one and its config')
    .argument('<name>')
    .addOption(output())
    .action(late(componentCommands, (commands) => commands.describeComponent.bind(undefined, type)));
  group
    .command('delete')
    .description('delete one that no stack uses')
    .argument('<name>')
    .action(late(componentCommands, (commands) => commands.deleteComponent.bind(undefined, type)));
  const flavor = group.command('flavor').description('what kinds there are');
  flavor
    .command('list')
    .description('list flavors')
    .addOption(output())
    .action(late(flavorCommands, (commands) => commands.listFlavors.bind(undefined, type)));
  flavor
    .command('describe')
    .description('show a flavor and the keys of its config and settings')
    .argument('<flavor>')
    .addOption(output())
    .action(late(flavorCommands, (commands) => commands.describeFlavor.bind(undefined, type)));
}

function declareStatus(mortise: Command): void {
  mortise
    .command('status')
    .description('show the project, its active stack and its last run')
    .addOption(output())
    .action(late(statusCommands, (commands) => commands.status));
}
