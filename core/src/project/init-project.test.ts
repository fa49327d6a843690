import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BadProjectConfig, FolderNotWritable } from '../errors.ts';
import { StackRegistry } from '../stack/stack-registry.ts';
import { openStore } from '../store/open-store.ts';
import { findProject } from './find-project.ts';
import { initProject } from './init-project.ts';
import { readProjectConfig, writeProjectConfig } from './project-config.ts';
import { projectAt } from './project.ts';

let root: string;
const saved = { ...process.env };

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'mortise-init-')));
  for (const name of ['MORTISE_PROJECT', 'MORTISE_STORE_URL', 'MORTISE_ACTIVE_STACK']) delete process.env[name];
});
afterEach(() => {
  process.env = { ...saved };
  rmSync(root, { recursive: true });
});

/** What a project holds, without ids and times. */
async function contents(): Promise<{ stacks: Record<string, string[]>; flavors: string[]; active: string }> {
  const project = findProject({ from: root });
  const store = await openStore(project.storeUrl);
  try {
    const registry = new StackRegistry({ store, project });
    const stacks = (await registry.stacks()).items.map(({ name, components }) => [
      name,
      components.map((c) => `${c.type}: ${c.name} (${c.flavor})`),
    ]);
    const flavors = (await registry.flavors()).map(({ type, name }) => `${type} ${name}`).sort();
    return { stacks: Object.fromEntries(stacks) as Record<string, string[]>, flavors, active: registry.activeStack() };
  } finally {
    store.close();
  }
}

const COMPLETE = {
  stacks: { default: ['orchestrator: default (local)', 'artifact-store: default (local)', 'experiment-tracker: default (local)'] },
  flavors: ['alerter console', 'alerter webhook', 'artifact-store local', 'experiment-tracker local', 'orchestrator local'],
  active: 'default',
};

describe('initProject', () => {
  test('makes a project with the default stack, active, and keeps it out of git', async () => {
    const { project, created, repaired } = await initProject(root);
    expect({ created, repaired, root: project.root }).toEqual({ created: true, repaired: [], root });
    expect(findProject({ from: root })).toEqual(project);
    expect(readFileSync(join(root, '.mortise/.gitignore'), 'utf8')).toBe('*\n');
    expect(await contents()).toEqual(COMPLETE);
  });

  test('a second call says that the project exists and changes nothing', async () => {
    await initProject(root);
    const project = findProject({ from: root });
    const store = await openStore(project.storeUrl);
    const registry = new StackRegistry({ store, project });
    await registry.registerStack('team', { orchestrator: 'default', 'artifact-store': 'default' });
    await registry.setActiveStack('team');
    store.close();
    const before = await contents();
    expect(await initProject(root)).toMatchObject({ created: false, repaired: [] });
    expect(await contents()).toEqual(before);
    expect(before.active).toBe('team');
  });

  test('two calls at once make one project', async () => {
    await Promise.all([initProject(root), initProject(root), initProject(root)]);
    expect(await contents()).toEqual(COMPLETE);
  });

  test('MORTISE_STORE_URL puts the store elsewhere', async () => {
    process.env['MORTISE_STORE_URL'] = `sqlite:${join(root, 'data/elsewhere.db')}`;
    await initProject(root);
    expect(readdirSync(join(root, '.mortise')).sort()).toEqual(['.gitignore', 'config.json']);
    expect(existsSync(join(root, 'data/elsewhere.db'))).toBe(true);
    expect(await contents()).toEqual(COMPLETE);
  });
});

describe('a project that an interrupted init left half-made is completed by the next one', () => {
  test.each([
    ['only the folder', async () => void mkdirSync(join(root, '.mortise'))],
    [
      'an empty store',
      async () => {
        mkdirSync(join(root, '.mortise'));
        (await openStore(projectAt(root).storeUrl, { create: true })).close();
      },
    ],
    [
      'components without a stack',
      async () => {
        await initProject(root);
        const store = await openStore(projectAt(root).storeUrl);
        await store.deleteStack('default');
        await store.deleteComponent('experiment-tracker', 'default');
        store.close();
        rmSync(join(root, '.mortise/config.json'));
      },
    ],
    [
      'no active stack',
      async () => {
        await initProject(root);
        rmSync(join(root, '.mortise/config.json'));
      },
    ],
    [
      'no .gitignore',
      async () => {
        await initProject(root);
        rmSync(join(root, '.mortise/.gitignore'));
      },
    ],
  ])('%s', async (_, interrupted) => {
    await interrupted();
    const { created, repaired } = await initProject(root);
    expect(created).toBe(false);
    expect(repaired).not.toEqual([]);
    expect(await contents()).toEqual(COMPLETE);
    expect((await initProject(root)).repaired).toEqual([]);
  });

  test('what was missing is named', async () => {
    await initProject(root);
    const store = await openStore(projectAt(root).storeUrl);
    await store.deleteStack('default');
    store.close();
    expect((await initProject(root)).repaired).toEqual(['stack "default"']);
  });

  test('a config that cannot be read is not overwritten', async () => {
    await initProject(root);
    const path = join(root, '.mortise/config.json');
    writeFileSync(path, '{');
    await expect(initProject(root)).rejects.toThrow(BadProjectConfig);
    expect(readFileSync(path, 'utf8')).toBe('{');
  });
});

describe('a folder that the user may not write to', () => {
  /** Runs initProject in a process of a user without privileges, and gives the error's line. */
  function initAsNobody(): string {
    const script = `
      import { initProject } from ${JSON.stringify(import.meta.resolve('./init-project.ts'))};
      if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
      await initProject(${JSON.stringify(root)}).then(() => console.log('made'), (error) => console.log(error.line ?? error));`;
    const flags = ['--conditions=mortise-source', '--no-warnings', '--input-type=module', '--eval', script];
    return execFileSync(process.execPath, flags, { encoding: 'utf8' }).trim();
  }

  test('is refused in one line, and nothing is made', () => {
    chmodSync(root, 0o555);
    expect(initAsNobody()).toBe(
      `FOLDER_NOT_WRITABLE: cannot write to ${root} (permission denied). Give your user write permission there, or choose another folder.`,
    );
    expect(readdirSync(root)).toEqual([]);
    chmodSync(root, 0o755);
  });

  test('also when it is a project that someone else made', () => {
    chmodSync(root, 0o755);
    mkdirSync(join(root, '.mortise'), { mode: 0o555 });
    expect(initAsNobody()).toMatch(/^FOLDER_NOT_WRITABLE: .* \(permission denied\)/);
    expect(readdirSync(join(root, '.mortise'))).toEqual([]);
  });

  test('a file where the folder should be is said to be in the way', async () => {
    writeFileSync(join(root, '.mortise'), '');
    await expect(initProject(root)).rejects.toThrow(FolderNotWritable);
    await expect(initProject(root)).rejects.toThrow('a file is in the way');
  });

  test('the active stack stays as it was when it cannot be written', async () => {
    const { project } = await initProject(root);
    const other = { ...project, folder: join(root, 'gone') };
    expect(() => writeProjectConfig(other, { activeStack: 'team' })).toThrow(FolderNotWritable);
    expect(readProjectConfig(project)).toEqual({ activeStack: 'default' });
  });
});

test('on a disk that takes no byte it is refused in one line, and what keeps the project out of git is made by the next call', async () => {
  const script = `
    import { initProject } from ${JSON.stringify(import.meta.resolve('./init-project.ts'))};
    await initProject(${JSON.stringify(root)}).then(() => console.log('made'), (error) => console.log(error.line ?? error));`;
  const flags = ['--conditions=mortise-source', '--no-warnings', '--input-type=module', '--eval', script];
  const said = execFileSync('sh', ['-c', 'ulimit -f 0; exec "$0" "$@"', process.execPath, ...flags], { encoding: 'utf8' });
  expect(said).toMatch(/^FOLDER_NOT_WRITABLE: cannot write to .*\.mortise \(EFBIG\)[^\n]*\n$/);
  await initProject(root);
  expect(readFileSync(join(root, '.mortise/.gitignore'), 'utf8')).toBe('*\n');
  expect(readdirSync(join(root, '.mortise')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
