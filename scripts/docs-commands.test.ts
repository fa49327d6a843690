import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { buildCommand, cliProject } from '../cli/src/testing/cli-project.ts';
import { installGuidesNeeds } from './testing/guide-packages.ts';
import { codeBlocks, documentModules, documentTsconfig } from './testing/markdown-code.ts';
import { shellLines } from './testing/shell-lines.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
/** The reference of the commands has a test of its own. */
const guides = globSync('docs/*.md', { cwd: repository }).filter((file) => file !== 'docs/cli.md');
const sessions = guides
  .sort()
  .map((document) => ({ document, blocks: codeBlocks(join(repository, document)).filter(({ language }) => language === 'sh') }))
  .filter(({ blocks }) => blocks.length > 0);

beforeAll(() => buildCommand(), 120_000);

// In each guide the commands are one session, in a project that has the guide's programs. What npm would install is there.
describe.each(sessions)('the commands of $document', ({ document, blocks }) => {
  it('end as it says, one after the other', async () => {
    const project = cliProject();
    try {
      installGuidesNeeds(project);
      const tsconfig = documentTsconfig(join(repository, document));
      if (tsconfig !== undefined) project.write('tsconfig.json', tsconfig);
      for (const { file, text } of documentModules(join(repository, document))) project.write(file, `${text}\n`);
      const env: Record<string, string> = { XDG_CONFIG_HOME: join(project.folder, '.config') };
      for (const { text, words, exitCode } of blocks.flatMap((block) => shellLines(block.text))) {
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
            : ranNode(text, program, args, { cwd: project.folder, env: { ...process.env, ...env } });
        expect({ command: text, code: done.code, stderr: exitCode === 0 ? '' : done.stderr }).toEqual({
          command: text,
          code: exitCode,
          stderr: done.stderr,
        });
      }
    } finally {
      project.remove();
    }
  }, 120_000);
});

function ranNode(text: string, program: string | undefined, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
  if (program !== 'node' && program !== 'npx') throw new Error(`a guide may run mortise, node and npx: "${text}"`);
  const tool = program === 'npx' ? [join(repository, 'node_modules/.bin', basename(args.shift()!))] : [];
  const { status, stderr } = spawnSync(process.execPath, [...tool, ...args], { ...options, encoding: 'utf8' });
  return { code: status ?? undefined, stderr };
}
