import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PipelineRun } from '@mortise/core/client';

import { buildCommand, cliProject, type CliProject } from '../cli/src/testing/cli-project.ts';
import { codeBlocks, documentModules, linkedFiles, promisedOutput } from './testing/markdown-code.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const documents = globSync(['README.md', 'docs/**/*.md', 'examples/*/README.md', 'benchmarks/README.md', 'CONTRIBUTING.md'], {
  cwd: repository,
  // Made of the sources.
  exclude: ['docs/api/**', 'docs/node_modules/**'],
}).sort();
const modules = documents.flatMap((document) => documentModules(join(repository, document)).map((module) => ({ ...module, document })));
/** Where a guide's own commands run a program, the test of the commands does. */
const programs = modules.filter(({ document, file, isProgram }) => isProgram && !isRunBy(document, file));
const isRunBy = (document: string, file: string) =>
  document.startsWith('docs/') &&
  codeBlocks(join(repository, document)).some(({ language, text }) => language === 'sh' && text.includes(file));
const folderOf = (document: string) => document.replaceAll(/\W/g, '-');

describe('every TypeScript block', () => {
  let folder: string;
  let errors: string[];
  // One program: each document a folder, each block a module.
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mortise-docs-'));
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'), 'dir');
    for (const { document, file, text } of modules) {
      mkdirSync(join(folder, folderOf(document)), { recursive: true });
      writeFileSync(join(folder, folderOf(document), file), `${text}\nexport {};\n`);
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const extended = join(repository, 'tsconfig.base.json');
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: extended, compilerOptions: { noEmit: true }, include: ['*/*.ts'] }),
    );
    const tsc = spawnSync(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    });
    errors = tsc.stdout.split('\n').filter((line) => / error TS\d+:|^error /.test(line));
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(modules)('of $document compiles: $file', ({ document, file }) => {
    expect(errors.filter((error) => error.startsWith(`${folderOf(document)}/${file}(`))).toEqual([]);
  });

  it('compiles against sources that compile', () => {
    expect(errors.filter((error) => !modules.some(({ document, file }) => error.startsWith(`${folderOf(document)}/${file}(`)))).toEqual([]);
  });
});

describe('every program', () => {
  let project: CliProject;
  beforeAll(async () => {
    buildCommand();
    project = cliProject();
    symlinkSync(join(repository, 'flavors/testkit'), join(project.folder, 'node_modules/@mortise/flavor-testkit'), 'dir');
    await project.mortise(['init']);
  }, 120_000);
  afterAll(() => project.remove());

  it.each(programs)(
    'of $document prints what it says: $file',
    ({ document, file, text }) => {
      const path = project.write(`${folderOf(document)}/${file}`, text);
      // tsx, because a program may have decorators.
      const command = ['--no-warnings', '--import', import.meta.resolve('tsx'), path];
      const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: project.folder, encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout.split('\n').filter((line) => line !== '')).toEqual(promisedOutput(text));
    },
    30_000,
  );
});

describe('the README', () => {
  let project: CliProject;
  beforeAll(() => {
    buildCommand();
    project = cliProject();
  }, 120_000);
  afterAll(() => project.remove());

  it('shows a program that runs when it is pasted, by the commands below it', async () => {
    const readme = join(repository, 'README.md');
    const { file, text } = documentModules(readme)[0]!;
    const shell = codeBlocks(readme).find((block) => block.language === 'sh' && block.text.includes(file))!;
    project.write(file, text);
    const outputs: string[] = [];
    for (const command of shell.text.split('\n')) {
      expect(command).toMatch(/^npx mortise /);
      const { code, stdout, stderr } = await project.mortise(command.split(' ').slice(2));
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' });
      outputs.push(stdout);
    }
    expect(outputs.at(-1)).toMatch(/^describe +completed/m);
    const run = await project.json<PipelineRun>('runs', 'show', 'latest');
    expect(run).toMatchObject({ status: 'completed', params: { rate: 0.05 } });
    expect(run.steps['train']!.tracker.metrics['loss']).toMatchObject({ count: 200 });
    expect(existsSync(fileURLToPath(run.steps['train']!.runMetadata['experiment_tracker_url']!.value as string))).toBe(true);
  }, 60_000);
});

describe('every link', () => {
  const links = documents.flatMap((document) => linkedFiles(join(repository, document)).map((target) => ({ document, target })));
  it.each(links)('of $document leads somewhere: $target', ({ document, target }) => {
    expect(existsSync(resolve(repository, dirname(document), target))).toBe(true);
  });
});
