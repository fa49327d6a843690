import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bell, bellLiteral, flavorProject, IMPORT, type FlavorProject } from '../testing/flavor-project.ts';
import type { FlavorModule } from './current-flavor.ts';
import { limitFlavors } from './flavor-answer.ts';
import { flavorProblem } from './flavor-status.ts';

let project: FlavorProject;

beforeEach(async () => {
  project = await flavorProject();
});
afterEach(() => project.remove());

describe('a flavor is found', () => {
  test('at a path from the root of the project, and described with the version of the package that it is in', async () => {
    project.write('flavors/bell.js', bell(`docs: 'rings',`));
    const loaded: FlavorModule[] = [];
    await project.register('./flavors/bell.js', { onLoad: (module: FlavorModule) => loaded.push(module) });
    const file = join(project.project.root, 'flavors/bell.js');
    expect(loaded).toEqual([{ source: './flavors/bell.js#default', file, version: '3.2.1' }]);
    expect(await project.stored('bell')).toEqual({
      ...{ apiVersion: 1, type: 'alerter', name: 'bell', source: './flavors/bell.js#default', version: '3.2.1' },
      ...{ docs: 'rings', config: [], settings: [] },
    });
  });

  test('under an absolute path, which is stored as one from the root', async () => {
    project.write('flavors/bell.js', bell());
    await project.register(join(project.project.root, 'flavors/bell.js'));
    expect((await project.stored('bell'))!.source).toBe('./flavors/bell.js#default');
  });

  test('under another name than default, of several in one module', async () => {
    project.write(
      'two.js',
      `${IMPORT} export const a = defineFlavor(${bellLiteral()}); export const b = defineFlavor(${bellLiteral(`name: 'b',`)});`,
    );
    await project.register('./two.js#b');
    expect(await project.stored('b')).toMatchObject({ source: './two.js#b' });
    expect(await project.stored('bell')).toBeUndefined();
  });

  test('in a package that exports only an import', async () => {
    project.write('node_modules/@acme/bell/package.json', {
      name: '@acme/bell',
      version: '1.4.0',
      exports: { '.': { import: './esm/index.mjs' }, './more/*': { node: { import: './esm/*.mjs' } } },
    });
    project.write('node_modules/@acme/bell/esm/index.mjs', bell());
    project.write('node_modules/@acme/bell/esm/loud.mjs', bell(`name: 'loud',`));
    await project.register('@acme/bell');
    await project.register('@acme/bell/more/loud');
    expect(await project.stored('bell')).toMatchObject({ source: '@acme/bell#default', version: '1.4.0' });
    expect(await project.stored('loud')).toMatchObject({ source: '@acme/bell/more/loud#default', version: '1.4.0' });
  });

  test('outside of the project, in a folder with a package.json of its own', async () => {
    const outside = `${project.project.root}-outside`;
    project.write(`${outside}/package.json`, { name: 'bell', version: '0.0.7', type: 'module', main: './lib/main.js' });
    project.write(`${outside}/lib/main.js`, bell());
    mkdirSync(join(outside, 'node_modules/@mortise'), { recursive: true });
    symlinkSync(resolve('core'), join(outside, 'node_modules/@mortise/core'));
    try {
      await project.register(outside);
      expect(await project.stored('bell')).toMatchObject({ source: `../${outside.split('/').at(-1)}#default`, version: '0.0.7' });
    } finally {
      rmSync(outside, { recursive: true });
    }
  });

  test('in a package that is linked into the project', async () => {
    project.write('packages/bell/package.json', { name: 'bell', version: '2.0.0', type: 'module', exports: './index.js' });
    project.write('packages/bell/index.js', bell());
    symlinkSync(join(project.project.root, 'packages/bell'), join(project.project.root, 'node_modules/bell'));
    const loaded: string[] = [];
    await project.register('bell', { onLoad: ({ file }: FlavorModule) => loaded.push(file) });
    expect(loaded).toEqual([join(project.project.root, 'packages/bell/index.js')]);
  });
});

test('secrets of a schema that cannot describe itself are known all the same', async () => {
  project.write(
    'x.js',
    bell(`secrets: ['token'], config: async () => ({ '~standard': { version: 1, vendor: 'v', validate: (value) => ({ value }) } }),`),
  );
  await project.register('./x.js');
  expect((await project.stored('bell'))!.config).toEqual([{ key: 'token', type: 'any', required: false, secret: true }]);
});

describe('a flavor that takes the place of one of Mortise', () => {
  beforeEach(async () => {
    project.write('x.js', bell(`name: 'console',`));
    await project.register('./x.js', { force: true });
  });

  test('keeps it when the built-in ones are written anew', async () => {
    const { initProject } = await import('../project/init-project.ts');
    await initProject(project.project.root);
    expect((await project.stored('console'))!.source).toBe('./x.js#default');
  });

  test('gives it back when it is deleted', async () => {
    await project.registry.delete('alerter', 'console');
    expect((await project.stored('console'))!.source).toBe('@mortise/flavor-local#flavors');
  });
});

describe('a flavor of Mortise, whose place another one took, comes back while components use it', () => {
  const createdAt = Date.now();
  const door = (config: { loud?: boolean }) =>
    project.store.createComponent({ id: 'a'.repeat(32), type: 'alerter', name: 'door', flavor: 'console', config, createdAt });
  beforeEach(async () => {
    project.write('x.js', bell(`name: 'console',`));
    await project.register('./x.js', { force: true });
  });

  test('if their configs fit it', async () => {
    await door({});
    await project.registry.delete('alerter', 'console');
    expect((await project.stored('console'))!.source).toBe('@mortise/flavor-local#flavors');
  });

  test('and not if one does not: that is named (SHADOW_NEEDED)', async () => {
    await door({ loud: true });
    await expect(project.registry.delete('alerter', 'console')).rejects.toMatchObject({
      code: 'SHADOW_NEEDED',
      message: expect.stringContaining('does not fit the component "door"'),
    });
    expect((await project.stored('console'))!.source).toBe('./x.js#default');
  });
});

test('a project that imports its own name gets its own exports, before an installed package of that name', async () => {
  project.write('package.json', { name: 'user', version: '3.2.1', type: 'module', exports: { import: './own.js' } });
  project.write('own.js', bell());
  project.write('node_modules/user/package.json', { name: 'user', version: '0.0.1', type: 'module', exports: './index.js' });
  project.write('node_modules/user/index.js', bell(`name: 'other',`));
  await project.register('user');
  expect(await project.stored('bell')).toMatchObject({ source: 'user#default', version: '3.2.1' });
});

test('a package.json may begin with the mark that editors of Windows write', async () => {
  project.write('node_modules/marked/package.json', '\uFEFF{ "version": "1.2.3", "type": "module", "exports": "./index.js" }');
  project.write('node_modules/marked/index.js', bell());
  await project.register('marked');
  expect((await project.stored('bell'))!.version).toBe('1.2.3');
});

test('the version of a flavor is not that of a package which its own is inside of', async () => {
  project.write('node_modules/plain/package.json', { type: 'module' });
  project.write('node_modules/plain/index.js', bell());
  await project.register('plain');
  expect((await project.stored('bell'))!.version).toBe('-');
});

test('no path, whatever is wrong with it, keeps the flavors from being listed', () => {
  const flavor = { apiVersion: 1, type: 'alerter', name: 'bell', version: '-', config: [], settings: [] } as const;
  symlinkSync('loop.js', join(project.project.root, 'loop.js'));
  for (const source of ['./loop.js#default', `./${'x'.repeat(5000)}.js#default`, 'file://host/x.js#default', 'fs#default'])
    expect(flavorProblem({ ...flavor, config: [], settings: [], source }, project.project.root)).toEqual(expect.any(String));
});

describe('a flavor whose code never answers is refused in time:', () => {
  let unlimit: () => void;
  beforeEach(() => {
    unlimit = limitFlavors(200);
  });
  afterEach(() => unlimit());

  test.each([
    ['its module', 'await new Promise(() => {});'],
    ['its config', bell('config: () => new Promise(() => {}),')],
    ['its implementation', bell('load: () => new Promise(() => {}),')],
  ])('%s', async (_, code) => {
    project.write('x.js', code);
    await expect(project.register('./x.js')).rejects.toMatchObject({
      code: 'FLAVOR_IMPORT_FAILED',
      message: expect.stringContaining('did not answer within 0.2 s'),
    });
  });
});

describe('deleting a flavor', () => {
  test('is refused while components are of it (FLAVOR_IN_USE), and done when none is', async () => {
    project.write('x.js', bell());
    await project.register('./x.js');
    const createdAt = Date.now();
    await project.store.createComponent({ id: 'a'.repeat(32), type: 'alerter', name: 'door', flavor: 'bell', config: {}, createdAt });
    await expect(project.registry.delete('alerter', 'bell')).rejects.toMatchObject({
      code: 'FLAVOR_IN_USE',
      line: expect.stringContaining('the alerter flavor "bell" is that of the component "door". Delete it first.'),
    });
    expect(await project.stored('bell')).toBeDefined();
    await project.store.deleteComponent('alerter', 'door');
    await project.registry.delete('alerter', 'bell');
    expect(await project.stored('bell')).toBeUndefined();
  });

  test('is refused for one that comes with Mortise (FLAVOR_BUILT_IN) and for one that there is not', async () => {
    await expect(project.registry.delete('alerter', 'console')).rejects.toMatchObject({ code: 'FLAVOR_BUILT_IN' });
    await expect(project.registry.delete('alerter', 'consol')).rejects.toMatchObject({
      code: 'UNKNOWN_FLAVOR',
      advice: 'Did you mean "console"?',
    });
  });
});

describe('refreshing flavors', () => {
  const schema = (properties: object, required: string[] = []): string =>
    `config: async () => ({ '~standard': { version: 1, vendor: 'v', validate: (value) => ({ value }), jsonSchema: { input: () => (${JSON.stringify({ properties, required })}) } } }),`;

  test('says what changed, and stores it', async () => {
    project.write('lib/a.js', bell(schema({ url: { type: 'string' }, old: { type: 'string' } })));
    project.write('lib/b.js', bell(schema({ url: { type: 'number' }, key: { type: 'string' } }, ['key'])));
    project.write('lib/index.js', `export { default } from './a.js';`);
    await project.register('./lib/index.js');
    expect(await project.registry.refresh()).toMatchObject([{ name: 'bell', problem: null, changes: [] }]);
    // Another file, because this process has imported the first one.
    await project.store.saveFlavors([{ ...(await project.stored('bell'))!, source: './lib/b.js#default' }]);
    project.write('package.json', { name: 'user', version: '4.0.0', type: 'module' });
    expect(await project.registry.refresh({ type: 'alerter', name: 'bell' })).toMatchObject([
      {
        problem: null,
        changes: [
          'version 3.2.1 -> 4.0.0',
          'config key "key" is new, and required',
          'config key "old" is gone',
          'config key "url" changed',
        ],
      },
    ]);
    expect(await project.stored('bell')).toMatchObject({ version: '4.0.0', config: [{ key: 'url', type: 'number' }, { key: 'key' }] });
  });

  test('notes those that are broken, goes on with the others, and forgets it when they work', async () => {
    project.write('a.js', bell());
    project.write('z.js', bell(`name: 'whistle',`));
    await project.register('./a.js');
    await project.register('./z.js');
    rmSync(join(project.project.root, 'a.js'));
    expect(await project.registry.refresh()).toMatchObject([
      { name: 'bell', problem: expect.stringContaining('there is no module "./a.js"') },
      { name: 'whistle', problem: null },
    ]);
    expect((await project.stored('bell'))!.problem!.reason).toContain('there is no module "./a.js"');
    expect((await project.stored('whistle'))!.problem).toBeUndefined();
    project.write('a.js', bell());
    expect((await project.registry.refresh({ type: 'alerter', name: 'bell' }))[0]!.changes[0]).toMatch(
      /^can be loaded again \(it was broken: there is no module/,
    );
    expect((await project.stored('bell'))!.problem).toBeUndefined();
  });

  test('leaves those of Mortise alone', async () => {
    expect(await project.registry.refresh()).toEqual([]);
    await expect(project.registry.refresh({ type: 'alerter', name: 'nothing' })).rejects.toMatchObject({ code: 'UNKNOWN_FLAVOR' });
  });
});

describe('what is wrong with a flavor, without importing it,', () => {
  test('is that its module is gone, else why it could not be loaded the last time', async () => {
    project.write('a.js', bell());
    await project.register('./a.js');
    expect(flavorProblem((await project.stored('bell'))!, project.project.root)).toBeNull();
    await project.store.noteFlavorProblem('alerter', 'bell', { reason: 'no licence', at: 1 });
    expect(flavorProblem((await project.stored('bell'))!, project.project.root)).toBe('no licence');
    rmSync(join(project.project.root, 'a.js'));
    expect(flavorProblem((await project.stored('bell'))!, project.project.root)).toContain('there is no module "./a.js"');
  });

  test('is the version of its interface, of one that a newer Mortise registered', async () => {
    project.write('a.js', bell());
    await project.register('./a.js');
    const newer = { ...(await project.stored('bell'))!, apiVersion: 2 as 1 };
    expect(flavorProblem(newer, project.project.root)).toBe(
      'it is written for version 2 of the flavor interface, and this Mortise knows version 1',
    );
  });
});
