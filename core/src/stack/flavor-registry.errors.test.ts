import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bell, bellLiteral, flavorProject, IMPORT, type FlavorProject } from '../testing/flavor-project.ts';

let project: FlavorProject;

beforeEach(async () => {
  project = await flavorProject();
});
afterEach(() => project.remove());

describe('a flavor is refused, and nothing stored,', () => {
  const SCHEMA = `export class Config {}`;
  test.each<[what: string, code: string, files: Record<string, string | object>, source: string, message: string, advice: string]>([
    [
      'whose file is not there',
      'FLAVOR_MODULE_NOT_FOUND',
      {},
      './bell.js',
      'there is no module "./bell.js": looked for <root>/bell.js',
      'Paths are meant',
    ],
    ['whose file ends otherwise', 'FLAVOR_MODULE_NOT_FOUND', { 'bell.ts': '' }, './bell.js', 'looked for', 'Did you mean "./bell.ts"?'],
    [
      'whose path begins like a package',
      'FLAVOR_MODULE_NOT_FOUND',
      { 'lib/bell.js': '' },
      'lib/bell.js',
      'looked for',
      'Did you mean "./lib/bell.js"?',
    ],
    [
      'whose package is not installed',
      'FLAVOR_MODULE_NOT_FOUND',
      {},
      '@acme/bell/x#y',
      'looked for <root>/node_modules/@acme/bell and in the folders above',
      'Run "npm install @acme/bell" in the project.',
    ],
    [
      'whose package does not export this',
      'FLAVOR_MODULE_NOT_FOUND',
      { 'node_modules/bell/package.json': { exports: { '.': './index.js' } }, 'node_modules/bell/index.js': '' },
      'bell/other',
      'looked for "./other" in <root>/node_modules/bell',
      '',
    ],
    [
      'whose package names a file that is not there',
      'FLAVOR_MODULE_NOT_FOUND',
      { 'node_modules/bell/package.json': { exports: './dist/index.js' } },
      'bell',
      'looked for <root>/node_modules/bell/dist/index.js, which the exports of "bell" name',
      'Build or reinstall bell.',
    ],
    [
      'whose package exports other subpaths',
      'FLAVOR_MODULE_NOT_FOUND',
      { 'node_modules/bell/package.json': { exports: { './a': './a.js' } } },
      'bell',
      'looked for "." in',
      'It exports: bell/a.',
    ],
    [
      'whose package.json is broken',
      'FLAVOR_MODULE_NOT_FOUND',
      { 'node_modules/bell/package.json': '{' },
      'bell',
      'cannot be read',
      'reinstall bell',
    ],
    [
      'whose package is named with a version',
      'FLAVOR_MODULE_NOT_FOUND',
      { 'node_modules/bell/package.json': {} },
      'bell@1.2.3',
      'looked for',
      'Did you mean "bell"?',
    ],
    ['that is a module of Node', 'BAD_FLAVOR_SOURCE', {}, 'fs', 'it is a module of Node itself', ''],
    ['that is a file of another host', 'BAD_FLAVOR_SOURCE', {}, 'file://host/x.js', 'no file: URL of this machine', ''],
    ['without a source', 'BAD_FLAVOR_SOURCE', {}, '', '"" names nothing', 'Give an npm package'],
    ['without a name after the #', 'BAD_FLAVOR_SOURCE', {}, './x.js#', 'nothing follows the #', 'Give an npm package'],
    ['that is at a URL', 'BAD_FLAVOR_SOURCE', {}, 'https://example.org/bell.js', 'URLs are not loaded', 'Give an npm package'],
    [
      'whose module has no default export',
      'FLAVOR_EXPORT_MISSING',
      { 'x.js': `${IMPORT} export const other = 1; export const bell = defineFlavor(${bellLiteral()});` },
      './x.js',
      './x.js has no default export',
      'It exports: bell, other. Name one: ./x.js#bell',
    ],
    [
      'whose export is not there',
      'FLAVOR_EXPORT_MISSING',
      { 'x.js': bell() },
      './x.js#Bell',
      './x.js exports no "Bell"',
      'It exports: default.',
    ],
    [
      'whose module exports nothing',
      'FLAVOR_EXPORT_MISSING',
      { 'x.js': 'export {};' },
      './x.js',
      'no default export',
      'It exports nothing.',
    ],
    [
      'that is something else',
      'NOT_A_FLAVOR',
      { 'x.js': 'export default () => 1;' },
      './x.js',
      'it is a function that was not made by defineFlavor()',
      'A flavor is a literal',
    ],
    [
      'that did not go through defineFlavor',
      'NOT_A_FLAVOR',
      { 'x.js': `export default ${bellLiteral()};` },
      './x.js',
      'it is an object that was not made',
      'defineFlavor()',
    ],
    [
      'whose literal is wrong',
      'NOT_A_FLAVOR',
      { 'x.js': bell(`name: 'a b',`) },
      './x.js',
      './x.js#default is not a flavor: its name is "a b"',
      '',
    ],
    [
      'of another type',
      'FLAVOR_WRONG_TYPE',
      { 'x.js': bell(`type: 'orchestrator',`) },
      './x.js',
      'is a flavor of the type "orchestrator", not an alerter',
      'as what it is, run "mortise orchestrator flavor register ./x.js#default".',
    ],
    [
      'of another type, beside one that is right',
      'FLAVOR_WRONG_TYPE',
      { 'x.js': `${bell(`type: 'orchestrator',`)}\nexport const chime = defineFlavor(${bellLiteral()});` },
      './x.js',
      'is a flavor of the type "orchestrator", not an alerter',
      'Did you mean "./x.js#chime"?',
    ],
    [
      'of a type that there is not',
      'FLAVOR_WRONG_TYPE',
      { 'x.js': bell(`type: 'allerter',`) },
      './x.js',
      'of the type "allerter"',
      'Did you mean "alerter"?',
    ],
    [
      'of another interface',
      'FLAVOR_WRONG_API_VERSION',
      { 'x.js': bell('apiVersion: 2,') },
      './x.js',
      'is written for version 2 of the flavor interface, and this Mortise knows version 1',
      '',
    ],
    [
      'of another interface, made by a newer Mortise that knows it',
      'FLAVOR_WRONG_API_VERSION',
      { 'x.js': `export default Object.defineProperty(${bellLiteral('apiVersion: 2,')}, Symbol.for('mortise.flavor.v1'), {});` },
      './x.js',
      'version 2',
      '',
    ],
    [
      'whose config is not a function',
      'FLAVOR_BAD_SCHEMA',
      { 'x.js': bell('config: {},') },
      './x.js',
      'the config of ./x.js#default is no schema',
      'Give a class',
    ],
    [
      'whose config gives no schema',
      'FLAVOR_BAD_SCHEMA',
      { 'x.js': bell('config: async () => ({}),') },
      './x.js',
      'it gives an object without "~standard"',
      'Give a class',
    ],
    [
      'whose config gives a class without rules',
      'FLAVOR_BAD_SCHEMA',
      { 'c.js': SCHEMA, 'x.js': bell(`config: async () => (await import('./c.js')).Config,`) },
      './x.js',
      'class Config has no rule of class-validator',
      '',
    ],
    [
      'whose settings cannot be imported',
      'FLAVOR_BAD_SCHEMA',
      { 'x.js': bell(`settings: () => import('./gone.js'),`) },
      './x.js',
      'the settings of ./x.js#default are no schema: it failed: Cannot find module',
      '',
    ],
    [
      'whose secrets are no keys of its config',
      'FLAVOR_BAD_SCHEMA',
      {
        'x.js': bell(
          `secrets: ['tokn'], config: async () => ({ '~standard': { version: 1, vendor: 'v', validate: (value) => ({ value }), jsonSchema: { input: () => ({ properties: { token: { type: 'string' } } }) } } }),`,
        ),
      },
      './x.js',
      'the secrets of ./x.js#default are wrong: neither config nor settings have a key "tokn" (did you mean "token")',
      '',
    ],
    [
      'whose module throws',
      'FLAVOR_IMPORT_FAILED',
      { 'x.js': `throw new TypeError('no licence');` },
      './x.js',
      './x.js failed while it was imported: TypeError: no licence',
      '--verbose',
    ],
    ['whose module throws what is no text', 'FLAVOR_IMPORT_FAILED', { 'x.js': 'throw Object.create(null);' }, './x.js', 'was thrown', ''],
    ['whose module throws no error', 'FLAVOR_IMPORT_FAILED', { 'x.js': `throw 'no licence';` }, './x.js', 'no licence was thrown', ''],
    [
      'whose implementation cannot be imported',
      'FLAVOR_IMPORT_FAILED',
      { 'x.js': bell(`load: () => import('./gone.js'),`) },
      './x.js',
      'failed while its implementation was imported: Cannot find module',
      '',
    ],
    [
      'whose implementation makes nothing',
      'FLAVOR_IMPORT_FAILED',
      { 'x.js': bell('load: async () => ({}),') },
      './x.js',
      'its implementation exports no create()',
      '',
    ],
    [
      'whose name is taken by a flavor of Mortise',
      'BUILT_IN_SHADOWED',
      { 'x.js': bell(`name: 'console',`) },
      './x.js',
      './x.js#default would take the place of the alerter flavor "console" that comes with Mortise',
      '--force',
    ],
  ])('%s (%s)', async (_what, code, files, source, message, advice) => {
    for (const [path, content] of Object.entries(files)) project.write(path, content);
    const before = await project.store.flavors();
    const error: { code?: string; message?: string; line?: string } = await project.register(source).then(
      () => ({}),
      (thrown: object) => thrown,
    );
    expect(error).toMatchObject({ code, message: expect.stringContaining(message.replace('<root>', project.project.root)) });
    expect(error.line).toContain(advice);
    expect(await project.store.flavors()).toEqual(before);
  });

  test('whose name another one has (FLAVOR_NAME_TAKEN), unless that is meant', async () => {
    project.write('one.js', bell());
    project.write('two.js', bell(`docs: 'the second',`));
    await project.register('./one.js');
    await expect(project.register('./two.js')).rejects.toMatchObject({
      code: 'FLAVOR_NAME_TAKEN',
      line: expect.stringContaining('an alerter flavor "bell" is registered already, from ./one.js#default. Add --force to replace it.'),
    });
    await expect(project.register('./one.js')).rejects.toMatchObject({
      line: expect.stringContaining('Run "mortise alerter flavor refresh bell"'),
    });
    expect(await project.stored('bell')).not.toHaveProperty('docs');
    await project.register('./two.js', { force: true });
    expect(await project.stored('bell')).toMatchObject({ source: './two.js#default', docs: 'the second' });
  });

  test('keeping what it threw as the cause', async () => {
    project.write('x.js', `throw new Error('the reason');`);
    await expect(project.register('./x.js')).rejects.toMatchObject({ code: 'FLAVOR_IMPORT_FAILED', cause: { message: 'the reason' } });
  });
});
