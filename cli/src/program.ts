import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { COMPONENT_TYPES } from './component-types.ts';
import { declareCompletion } from './groups/completion.ts';
import { declareComponentType } from './groups/component.ts';
import { spoken } from './groups/declare.ts';
import { declareGc } from './groups/gc.ts';
import { declareImport } from './groups/import.ts';
import { declareInit } from './groups/init.ts';
import { declareNewFlavor } from './groups/new-flavor.ts';
import { declareRun } from './groups/run.ts';
import { declareRuns } from './groups/runs.ts';
import { declareSecret } from './groups/secret.ts';
import { declareStack } from './groups/stack.ts';
import { declareStatus } from './groups/status.ts';
import { declareTracker } from './groups/tracker.ts';
import { keepStdout } from './keep-stdout.ts';
import type { OutputFormat } from './print.ts';

/** The same place seen from src/ and from dist/. */
const packageFile = new URL('../package.json', import.meta.url);

/**
 * The `mortise` command and everything below it: `groups/` has names, arguments and options. What a command does is imported when it is called,
 * so that help and usage errors cost no more than commander.
 * @param words those of the command line: of a group that none of them names, only the name is declared, which is the most of a start. Default: all of it is
 */
export function program(words?: readonly string[]): Command {
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
  const mortise = new Command('mortise')
    .description('Pipelines and experiment tracking for TypeScript')
    .version(version)
    .option('--verbose', 'print errors whole, with their stacks')
    .exitOverride()
    .configureOutput({ outputError: () => undefined, writeErr: () => undefined })
    .hook('preAction', (_, command) => {
      const { output = 'table' } = command.opts<{ output?: OutputFormat }>();
      if (output !== 'table') keepStdout();
    });
  const group = (name: string, description: string, declare: (group: Command) => void): void => {
    const made = mortise.command(name).description(description);
    if (words?.includes(name) ?? true) declare(made);
  };
  declareInit(mortise);
  declareRun(mortise);
  group('runs', 'look at runs, resume, cancel and delete them', declareRuns);
  group('stack', 'register, choose and look at stacks', declareStack);
  for (const { type, several } of COMPONENT_TYPES) {
    const description = `register and look at ${spoken(type)}s${several ? ' (a stack may have several)' : ''}`;
    group(type, description, (made) => declareComponentType(made, type));
  }
  group('flavor', 'write flavors of your own', declareNewFlavor);
  group('secret', 'keep tokens and passwords, encrypted, for {{secret.NAME.KEY}} in configs and settings', declareSecret);
  group('tracker', 'look at and deliver what experiment trackers have not taken yet', declareTracker);
  declareImport(mortise);
  declareGc(mortise);
  declareStatus(mortise);
  declareCompletion(mortise);
  return mortise;
}
