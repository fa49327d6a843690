import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PipelineRun } from '@mortise/core/client';
import { parse } from 'acorn';

import { buildCommand, cliProject, type CliProject } from '../cli/src/testing/cli-project.ts';
import { installGuidesNeeds } from './testing/guide-packages.ts';
import { codeBlocks, documentAnchors, documentLinks, documentModules, documentTsconfig, promisedOutput } from './testing/markdown-code.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const documents = globSync(['README.md', 'docs/**/*.md', 'examples/*/README.md', 'benchmarks/README.md', 'CONTRIBUTING.md'], {
  cwd: repository,
  // Made of the sources.
  exclude: ['docs/api/**', 'docs/node_modules/**'],
}).sort();
const modules = documents.flatMap((document) => documentModules(join(repository, document)).map((module) => ({ ...module, document })));
const isRunBy = (document: string, file: string) =>
  document.startsWith('docs/') &&
  codeBlocks(join(repository, document)).some(({ language, text }) => language === 'sh' && text.includes(file));
/** Where a guide's own commands run a program, the test of the commands does. */
const programs = modules.filter(({ document, file, isProgram }) => isProgram && !isRunBy(document, file));
const folderOf = (document: string) => document.replaceAll(/\W/g, '-');
/** Decorators of class-validator are of another kind than the standard ones; the sources of our flavors have them. */
const hasLegacyDecorators = (document: string) =>
  documentTsconfig(join(repository, document))?.includes('"experimentalDecorators": true') === true ||
  documentModules(join(repository, document)).some(({ text }) => /from '@mortise\/(comet|mlflow|neptune|s3|wandb)'/.test(text));

describe('every TypeScript block', () => {
  let folder: string;
  let errors: string[];
  // Each document is a folder, each block a module. One program for each kind of decorators.
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mortise-docs-'));
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'), 'dir');
    for (const { document, file, text } of modules) {
      mkdirSync(join(folder, folderOf(document)), { recursive: true });
      writeFileSync(join(folder, folderOf(document), file), `${text}\nexport {};\n`);
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    errors = [true, false].flatMap((experimentalDecorators) => {
      const compiled = documents.filter((document) => hasLegacyDecorators(document) === experimentalDecorators);
      return compileErrors(folder, {
        extends: join(repository, 'tsconfig.base.json'),
        compilerOptions: { noEmit: true, experimentalDecorators },
        include: compiled.map((document) => `${folderOf(document)}/*.ts`),
      });
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(modules)('of $document compiles: $file', ({ document, file }) => {
    expect(errors.filter((error) => error.startsWith(`${folderOf(document)}/${file}(`))).toEqual([]);
  });

  it('compiles against sources that compile', () => {
    expect(errors.filter((error) => !modules.some(({ document, file }) => error.startsWith(`${folderOf(document)}/${file}(`)))).toEqual([]);
  });
});

function compileErrors(folder: string, tsconfig: object): string[] {
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  const command = [join(repository, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'];
  const { stdout } = spawnSync(process.execPath, command, { cwd: folder, encoding: 'utf8' });
  return stdout.split('\n').filter((line) => / error TS\d+:|^error /.test(line));
}

describe('every program', () => {
  let project: CliProject;
  beforeAll(async () => {
    buildCommand();
    project = cliProject();
    installGuidesNeeds(project);
    for (const { document, file, text } of modules) project.write(`${folderOf(document)}/${file}`, text);
    await project.mortise(['init']);
  });
  afterAll(() => project.remove());

  it.each(programs)('of $document prints what it says: $file', ({ document, file, text }) => {
    // tsx, because a program may have decorators.
    const command = ['--no-warnings', '--import', import.meta.resolve('tsx'), `${folderOf(document)}/${file}`];
    const tsconfig = documentTsconfig(join(repository, document));
    const env = { ...process.env };
    if (tsconfig !== undefined) env['TSX_TSCONFIG_PATH'] = project.write(`${folderOf(document)}/tsconfig.json`, tsconfig);
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: project.folder, encoding: 'utf8', env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n').filter((line) => line !== '')).toEqual(promisedOutput(text));
  });
});

describe('every program that a guide runs by Node alone', () => {
  const runByNode = modules.filter(({ document, file }) =>
    codeBlocks(join(repository, document)).some(({ language, text }) => language === 'sh' && text.split('\n').includes(`node ${file}`)),
  );

  // Node 22 knows what ES2025 has; "await using" came with Node 24.
  it.each(runByNode)('of $document is in words that the oldest supported Node knows: $file', ({ text }) => {
    expect(() => parse(stripTypeScriptTypes(text), { ecmaVersion: 2025, sourceType: 'module' })).not.toThrow();
  });

  it('is found', () => expect(runByNode.map(({ file }) => file)).toContain('read.ts'));
});

describe('settings that a text gives to settingsFor()', () => {
  const given = documents.flatMap((document) =>
    [...readFileSync(join(repository, document), 'utf8').matchAll(/settingsFor\((mlflow|wandb|comet|neptune), \{([^}]*)\}/g)].flatMap(
      ([, flavor = '', settings = '']) => [...settings.matchAll(/(\w+):/g)].map(([, setting = '']) => ({ document, flavor, setting })),
    ),
  );

  it.each(given)('are settings of its flavor, in $document: $setting of $flavor', async ({ flavor, setting }) => {
    const { default: module } = (await import(`@mortise/${flavor}`)) as { default: { settings: () => Promise<new () => object> } };
    const Settings = await module.settings();
    expect([...Object.keys(new Settings()), 'experiment', 'runName', 'group', 'tags']).toContain(setting);
  });
});

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const readManifest = (folder: string) => JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8')) as Manifest;

describe('the README', () => {
  let project: CliProject;
  beforeAll(() => {
    buildCommand();
    project = cliProject();
  });
  afterAll(() => project.remove());

  it('names with each package that is to be packed those that it needs, for the registry has none of them', () => {
    const text = readFileSync(join(repository, 'README.md'), 'utf8');
    const named = [...text.matchAll(/-w ([a-z][\w/-]*)/g)].map(([, folder]) => folder!);
    const manifests = named.map((folder) => readManifest(folder));
    const names = manifests.map(({ name }) => name);
    expect(named).toEqual(expect.arrayContaining(['core', 'cli', 'flavors/local']));
    const needed = (manifest: Manifest) => Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@mortise/'));
    expect(manifests.flatMap((manifest) => needed(manifest).filter((name) => !names.includes(name)))).toEqual([]);
    const template = globSync('cli/templates/**/package.json', { cwd: repository }).map((file) => readManifest(dirname(file)));
    const forFlavors = template.flatMap(({ devDependencies }) =>
      Object.keys(devDependencies ?? {}).filter((name) => name.startsWith('@mortise/')),
    );
    expect(forFlavors).not.toEqual([]);
    expect(forFlavors.filter((name) => !names.includes(name))).toEqual([]);
  });

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
  });
});

describe('every link', () => {
  const links = documents.flatMap((document) => documentLinks(join(repository, document)).map((link) => ({ document, ...link })));
  const files = links.filter(({ file }) => file !== '');
  const pathOf = (document: string, file: string) =>
    file === '' ? join(repository, document) : resolve(repository, dirname(document), file);

  it.each(files)('of $document leads somewhere: $file', ({ document, file }) => {
    expect(existsSync(pathOf(document, file))).toBe(true);
  });

  const anchors = links.filter(({ file, anchor }) => anchor !== undefined && (file === '' || file.endsWith('.md')));
  it.each(anchors)('of $document leads to a heading: $file#$anchor', ({ document, file, anchor }) => {
    expect([...documentAnchors(pathOf(document, file))]).toContain(anchor);
  });
});
