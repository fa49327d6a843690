import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { CliProject } from '../../cli/src/testing/cli-project.ts';
import { installGuidesNeeds } from './guide-packages.ts';
import { codeBlocks, documentModules, documentTsconfig } from './markdown-code.ts';
import { shellLines, type ShellLine } from './shell-lines.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** Guides whose commands talk to an MLflow or an S3 server. */
export const GUIDES_WITH_SERVERS = ['docs/laptop-to-team.md', 'docs/leaving-a-tracker.md', 'docs/mlflow.md', 'docs/s3.md'];

/** What a command of a guide did. */
export interface RanCommand {
  text: string;
  /** The exit code that the guide says. */
  exitCode: number;
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/** Texts of a guide, and what stands for them in a test: the address of a server, a key. */
export type Replacements = Readonly<Record<string, string>>;

/** Runs the commands of a guide, one after the other, in a project that has the guide's programs. What npm would install is there. */
export async function* guideSession(document: string, project: CliProject, replacements: Replacements = {}): AsyncGenerator<RanCommand> {
  const path = join(repository, document);
  const replaced = (text: string) => Object.entries(replacements).reduce((all, [from, to]) => all.replaceAll(from, to), text);
  installGuidesNeeds(project);
  const tsconfig = documentTsconfig(path);
  if (tsconfig !== undefined) project.write('tsconfig.json', tsconfig);
  for (const { file, text } of documentModules(path)) project.write(file, `${replaced(text)}\n`);
  const env = guideEnvironment(project);
  for (const { text, words, exitCode } of guideCommands(document).flatMap((block) => shellLines(replaced(block)))) {
    const [program, ...args] = words;
    if (program === 'npm') continue;
    if (program === 'export') {
      const [, name, value] = /^(\w+)=(.*)$/.exec(args[0]!)!;
      env[name!] = value!;
      continue;
    }
    const done =
      program === 'npx' && args[0] === 'mortise'
        ? await project.mortise(args.slice(1), { env })
        : ranNode({ text, words }, { cwd: project.folder, env: { ...process.env, ...env } });
    yield { text, exitCode, ...done };
  }
}

/** What a guide's commands begin with: the key of their secrets is kept in the project's folder. */
export function guideEnvironment({ folder }: CliProject): Record<string, string> {
  return { XDG_CONFIG_HOME: join(folder, '.config') };
}

/** The blocks of commands in a guide. */
export function guideCommands(document: string): string[] {
  return codeBlocks(join(repository, document))
    .filter(({ language }) => language === 'sh')
    .map(({ text }) => text);
}

function ranNode({ text, words }: Pick<ShellLine, 'text' | 'words'>, options: { cwd: string; env: NodeJS.ProcessEnv }) {
  const [program, ...args] = words;
  if (program !== 'node' && program !== 'npx') throw new Error(`a guide may run mortise, node and npx: "${text}"`);
  const tool = program === 'npx' ? [join(repository, 'node_modules/.bin', basename(args.shift()!))] : [];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...tool, ...args], { ...options, encoding: 'utf8' });
  return { code: status ?? undefined, stdout, stderr };
}
