import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COMPONENT_TYPES } from './component-types.ts';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

interface Package {
  name: string;
  keywords: string[];
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}

let project: CliProject;
beforeAll(() => {
  buildCommand();
  project = cliProject();
});
afterAll(() => project.remove());

const at = (path: string): string => join(project.folder, path);
const newFlavor = (...args: string[]) => project.mortise(['flavor', 'new', ...args]);
const packageOf = (folder: string) => JSON.parse(readFileSync(at(join(folder, 'package.json')), 'utf8')) as Package;
const packageIn = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Package & { version: string };

describe('mortise flavor new', () => {
  it('writes a package, and says how it is tested and used', async () => {
    const { code, stdout, stderr } = await newFlavor('experiment-tracker', 'my-csv');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      [
        'wrote the package mortise-my-csv to ./mortise-my-csv: 8 files',
        '  see it pass its tests:  cd ./mortise-my-csv && npm install && npm test',
        '  use it in a project:    npm install ./mortise-my-csv && npx mortise experiment-tracker flavor register mortise-my-csv',
        '',
      ].join('\n'),
    );
    expect(readdirSync(at('mortise-my-csv')).sort()).toEqual(['.gitignore', 'README.md', 'package.json', 'src', 'tsconfig.json']);
    expect(packageOf('mortise-my-csv')).toMatchObject({ name: 'mortise-my-csv', keywords: ['mortise-flavor'] });
  });

  it('ends with one line where a folder cannot be made', async () => {
    for (const folder of ['/proc/x', '/proc/x/y/z']) {
      const { code, stderr } = await newFlavor('alerter', 'bell', '--folder', folder);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^error FOLDER_NOT_WRITABLE: cannot write to \S+proc\/x\S* \(ENOENT\)[^\n]*\n$/),
      ]);
    }
  });

  it.each(COMPONENT_TYPES.map(({ type }) => type))('leaves no word of its templates in a package for an %s', async (type) => {
    expect(await newFlavor(type, 'bell2', '--folder', `packages/${type}`)).toMatchObject({ code: 0, stderr: '' });
    const files = readdirSync(at(`packages/${type}`), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const texts = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
    expect(texts.filter((text) => /flavor-?name|component-type|0\.0\.0/i.test(text))).toEqual([]);
    expect(texts.filter((text) => text.includes("name: 'bell2'")).length).toBeGreaterThan(0);
    expect(texts.filter((text) => text.includes('class Bell2Config ')).length).toBeGreaterThan(0);
  });

  it('asks for what it was tested with: this version of Mortise, and the tools of its repository', async () => {
    await newFlavor('alerter', 'asking');
    const { version } = packageIn('../package.json');
    const { dependencies, devDependencies, peerDependencies } = packageOf('mortise-asking');
    const tools = packageIn('../../package.json').devDependencies;
    expect(peerDependencies).toEqual({ '@mortise/core': packageIn('../../flavors/local/package.json').peerDependencies['@mortise/core'] });
    expect(dependencies).toEqual({ 'class-validator': packageIn('../../core/package.json').devDependencies['class-validator'] });
    expect(devDependencies).toEqual({
      '@mortise/core': `^${version}`,
      '@mortise/flavor-testkit': `^${version}`,
      '@types/node': tools['@types/node'],
      typescript: tools['typescript'],
    });
  });

  const refusals: [string, string[], RegExp][] = [
    [
      'a component type that there is not',
      ['experiment-trackr', 'x'],
      /^error BAD_USAGE: .*experiment-trackr.*Allowed choices are orchestrator,/,
    ],
    ['a missing name', ['alerter'], /^error BAD_USAGE: .*missing required argument 'name'/],
    ...['Csv', '2csv', 'my_csv', '-csv', 'csv-', '@me/csv', '../csv', 'my csv', '', 'x'.repeat(101)].map(
      (name): [string, string[], RegExp] => [
        `the name ${JSON.stringify(name.slice(0, 12))}`,
        ['alerter', '--folder', 'refused', '--', name],
        /^error BAD_USAGE: ".*" is no name for a new flavor\. Use lower-case letters .*"my-flavor"\.\n$/,
      ],
    ),
  ];
  it.each(refusals)('refuses %s in one line, and writes nothing', async (_, args, line) => {
    const { code, stdout, stderr } = await newFlavor(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(line);
    expect(existsSync(at('refused'))).toBe(false);
  });

  it('never writes into a folder that holds something, nor over a file', async () => {
    mkdirSync(at('full'));
    writeFileSync(at('full/note.txt'), 'mine');
    writeFileSync(at('taken'), 'mine');
    for (const folder of ['full', 'taken']) {
      const { code, stderr } = await newFlavor('alerter', 'late', '--folder', folder);
      const line = `error BAD_USAGE: ./${folder} is there already. Name another folder with --folder.\n`;
      expect({ code, stderr }).toEqual({ code: 1, stderr: line });
    }
    expect(readdirSync(at('full'))).toEqual(['note.txt']);
    const { code, stderr } = await newFlavor('alerter', 'late', '--folder', 'taken/below');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^error FOLDER_NOT_WRITABLE: [^\n]*taken\/below \(ENOTDIR\)[^\n]*\n$/),
    });
    expect(readFileSync(at('taken'), 'utf8')).toBe('mine');
  });

  it('writes into an empty folder, also the one it is called in', async () => {
    mkdirSync(at('empty'));
    const { code, stdout } = await project.mortise(['flavor', 'new', 'orchestrator', 'here', '--folder', '.'], { cwd: at('empty') });
    expect({ code, files: readdirSync(at('empty')).length, stdout }).toEqual({
      code: 0,
      files: 5,
      stdout: expect.stringContaining('npm install ./ '),
    });
  });

  it('says in one line that it may not write there', async () => {
    mkdirSync(at('locked'), { mode: 0o555 });
    const { code, stderr } = await project.mortise(['flavor', 'new', 'alerter', 'late'], { cwd: at('locked'), unprivileged: true });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^error FOLDER_NOT_WRITABLE: cannot write to [^\n]*mortise-late[^\n]*\n$/),
    });
  });
});
