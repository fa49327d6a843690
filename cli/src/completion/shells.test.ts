import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bin, buildCommand, cliProject, type CliProject } from '../testing/cli-project.ts';
import { noTerminals, Terminal } from '../testing/terminal.ts';
import { SHELLS, type Shell } from './shells.ts';

let project: CliProject;
let env: Record<string, string>;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  await project.mortise(['init']);
  await project.mortise(['stack', 'register', 'laptop', '-o', 'default', '-a', 'default']);
  project.write('cellar.ts', '');
  mkdirSync(join(project.folder, 'bin'));
  symlinkSync(bin, join(project.folder, 'bin/mortise'));
  for (const shell of SHELLS) project.write(`completion.${shell}`, (await project.mortise(['completion', shell])).stdout);
  project.write('.zshrc', `PS1='ready> '\nautoload -Uz compinit; compinit -u -D\nsource completion.zsh\n`);
  project.write('bashrc', `PS1='ready> '\nbind 'set enable-bracketed-paste off'\nsource completion.bash\n`);
  env = { HOME: project.folder, ZDOTDIR: project.folder, PATH: `${join(project.folder, 'bin')}:${process.env['PATH']}` };
});
afterAll(() => project.remove());

/** How each is started so that it reads only the set-up above. */
const COMMANDS: Record<Shell, string[]> = {
  bash: ['bash', '--noprofile', '--rcfile', 'bashrc', '-i'],
  zsh: ['zsh', '-i'],
  fish: [
    'fish',
    '--no-config',
    '--init-command',
    'set -g fish_autosuggestion_enabled 0; source completion.fish; function fish_prompt; echo "ready> "; end',
  ],
};

/** Ctrl-U. */
const CLEAR_LINE = '\u0015';

const isInstalled = (shell: Shell): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

/** [what, what is typed before TAB, what the shell adds] */
const LINES: [what: string, typed: string, added: string][] = [
  ['a command', 'mortise comp', 'letion'],
  ['a command of a group', 'mortise stack desc', 'ribe'],
  ['an option', 'mortise stack list --out', 'put'],
  ['a choice', 'mortise stack list --output y', 'aml'],
  ['a choice after an equals sign', 'mortise stack list --output=y', 'aml'],
  ['a stack of the project', 'mortise stack set lap', 'top'],
  ['a key of a config', 'mortise artifact-store register x --flavor=local --pa', 'th='],
  ['a file', 'mortise run cel', 'lar.ts'],
];

for (const shell of SHELLS) {
  const missing = isInstalled(shell) ? noTerminals : `${shell} is not installed here`;
  if (missing !== undefined) {
    it(`${shell} cannot be tried: ${missing}`, () => expect(existsSync(join(project.folder, `completion.${shell}`))).toBe(true));
    continue;
  }
  describe(`${shell} completes`, () => {
    let terminal: Terminal;
    beforeAll(async () => {
      terminal = new Terminal(COMMANDS[shell], { cwd: project.folder, env, columns: 100 });
      await terminal.until(/ready> /);
    });
    afterAll(() => terminal.close());

    it.each(LINES)('%s', async (_, typed, added) => {
      const from = terminal.shown.length;
      terminal.type(`${typed}\t`);
      await terminal.until(new RegExp(added), from);
      terminal.type(CLEAR_LINE);
    });

    it('nothing by running what is typed', async () => {
      const from = terminal.shown.length;
      terminal.type(`mortise stack describe "$(touch ${shell}-ran)" --out\t`);
      await terminal.until(/put/, from);
      expect(existsSync(join(project.folder, `${shell}-ran`))).toBe(false);
    });
  });
}

it('a word that nothing completes, and a folder without a project, are no errors', async () => {
  expect(await project.mortise(['__complete', '--', 'stack', 'describe', 'zz'])).toEqual({ code: 0, stdout: 'words\n', stderr: '' });
  expect(await project.mortise(['__complete', '--', 'stack', 'describe', ''], { cwd: '/' })).toEqual({ code: 0, stdout: 'words\n', stderr: '' }); // prettier-ignore
});

it('another shell is a mistake', async () => {
  const { code, stderr } = await project.mortise(['completion', 'cmd']);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^error BAD_USAGE: .*Allowed choices are bash, zsh, fish\.?\n$/),
  });
});
