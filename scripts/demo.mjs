// The demo: a project in a scratch folder, its pipeline run three times, each through the command line as a user would.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const example = join(root, 'examples/wine');
const project = join(root, '.scratch/wine');
const mortise = join(root, 'cli/dist/mortise.js');

const isCopied = (path) => !/^(node_modules|\.mortise)$|\.test\.ts$/.test(relative(example, path));

function say(text) {
  process.stdout.write(`${text}\n`);
}

function run(args, expected = 0) {
  say(`\n$ mortise ${args.join(' ')}`);
  const { status, signal } = spawnSync(process.execPath, [mortise, ...args], { cwd: project, stdio: 'inherit' });
  if (status === expected) return;
  say(`demo: expected exit code ${expected}, got ${status ?? signal}`);
  process.exit(1);
}

rmSync(join(root, '.scratch'), { recursive: true, force: true });
mkdirSync(dirname(project), { recursive: true });
cpSync(example, project, { recursive: true, filter: isCopied });
symlinkSync(join(example, 'node_modules'), join(project, 'node_modules'), 'dir');

const place = relative(process.cwd(), project);
say(`A project in ${place}: the UCI Wine data, two kinds of model, three hyperparameters each.`);
run(['init']);
run(['run', 'src/pipeline.ts', '--name', 'wine-first']);
say('\nThe same again: nothing has changed, so every step comes from the cache.');
run(['run', 'src/pipeline.ts', '--name', 'wine-again']);
say('\nOnce more with a last step that fails: the step, its tracker run and the run are failed.');
run(['run', 'src/pipeline.ts', '--name', 'wine-failed', '--param', 'fail=true'], 1);
run(['runs', 'list']);

say(`
What to look at, in ${place}:
  src/pipeline.ts                                    the pipeline
  npx mortise runs show wine-first                   a run: its steps, metrics, artifacts
  npx mortise runs show wine-failed --output json    the failed one, as data
  npx mortise stack describe                         the stack it ran on`);
