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
    .option('--verbose', 'print the stack of an error')
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  declareInit(mortise);
  declareRun(mortise);
  declareRuns(mortise);
  declareStack(mortise);
  for (const { type, several } of COMPONENT_TYPES) declareComponentType(mortise, type, several);
  declareStatus(mortise);
  return mortise;
}

const spoken = (type: ComponentType): string => type.replaceAll('-', ' ');

const output = (): Option => new Option('--output <format>', 'how to print it').choices(['table', 'json']).default('table');

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
    .action(async () => (await import('./commands/init.ts')).init());
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
    .action(async (file, options) => (await import('./commands/run.ts')).run(file, options));
}

function declareRuns(mortise: Command): void {
  const runs = mortise.command('runs').description('look at runs');
  paged(runs.command('list').description('list runs, newest first'))
    .option('--pipeline <name>', 'only runs of this pipeline')
    .option('--experiment <name>', 'only runs of this experiment')
    .addOption(new Option('--status <status>', 'only runs that stand so').choices(['queued', 'running', 'completed', 'failed', 'killed']))
    .option('--stack <name>', 'only runs on this stack')
    .option('--name <text>', 'only runs with this in their name')
    .addOption(new Option('--sort <key>', 'order (default -startedAt)').choices(['startedAt', '-startedAt', 'name', '-name']))
    .action(async (options) => (await import('./commands/runs.ts')).listRuns(options));
  runs
    .command('show')
    .description('show a run: its steps, metrics and tracker runs')
    .argument('<run>', 'name or id of the run, or "latest"')
    .addOption(output())
    .action(async (run, options) => (await import('./commands/runs.ts')).showRun(run, options));
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
  register
    .option('--set', 'make it the active stack')
    .action(async (name, options) => (await import('./commands/stack.ts')).registerStack(name, options));
  stack
    .command('set')
    .description('make a stack the active one of this project')
    .argument('<name>')
    .action(async (name) => (await import('./commands/stack.ts')).setStack(name));
  stack
    .command('get')
    .description('show the active stack')
    .addOption(output())
    .action(async (options) => (await import('./commands/stack.ts')).describeStack(undefined, options));
  paged(stack.command('list').description('list stacks')).action(async (options) =>
    (await import('./commands/stack.ts')).listStacks(options),
  );
  stack
    .command('describe')
    .description('show a stack and its components (default: the active one)')
    .argument('[name]')
    .addOption(output())
    .action(async (name, options) => (await import('./commands/stack.ts')).describeStack(name, options));
  stack
    .command('delete')
    .description('delete a stack (its components and runs stay)')
    .argument('<name>')
    .action(async (name) => (await import('./commands/stack.ts')).deleteStack(name));
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
    .action(async (name, options) => (await import('./commands/component.ts')).registerComponent(type, name, options));
  paged(group.command('list').description(`list registered ${spoken(type)}s`)).action(async (options) =>
    (await import('./commands/component.ts')).listComponents(type, options),
  );
  group
    .command('describe')
    .description('show one and its config')
    .argument('<name>')
    .addOption(output())
    .action(async (name, options) => (await import('./commands/component.ts')).describeComponent(type, name, options));
  group
    .command('delete')
    .description('delete one that no stack uses')
    .argument('<name>')
    .action(async (name) => (await import('./commands/component.ts')).deleteComponent(type, name));
  const flavor = group.command('flavor').description('what kinds there are');
  flavor
    .command('list')
    .description('list flavors')
    .addOption(output())
    .action(async (options) => (await import('./commands/flavor.ts')).listFlavors(type, options));
  flavor
    .command('describe')
    .description('show a flavor and the keys of its config and settings')
    .argument('<flavor>')
    .addOption(output())
    .action(async (name, options) => (await import('./commands/flavor.ts')).describeFlavor(type, name, options));
}

function declareStatus(mortise: Command): void {
  mortise
    .command('status')
    .description('show the project, its active stack and its last run')
    .addOption(output())
    .action(async (options) => (await import('./commands/status.ts')).status(options));
}
