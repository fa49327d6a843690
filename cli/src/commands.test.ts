import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ComponentView, FlavorDescriptor, Listing, ProjectStatus, StackView } from '@mortise/core/client';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

let project: CliProject;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  expect(await project.mortise(['init'])).toMatchObject({ code: 0, stderr: '' });
});
afterAll(() => project.remove());

const mortise = (...args: string[]) => project.mortise(args);

/** That a command is refused: exit code 1, nothing on stdout, and this one line on stderr. */
async function refuses(args: string[], line: string | RegExp): Promise<void> {
  const { code, stdout, stderr } = await project.mortise(args);
  expect(stderr).toMatch(/^error [A-Z_]+: [^\n]+\n$/);
  if (typeof line === 'string') expect(stderr).toBe(`error ${line}\n`);
  else expect(stderr).toMatch(line);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
}

describe('init', () => {
  it('makes the stack "default" and activates it; a second time it changes nothing', async () => {
    const before = await project.json<StackView>('stack', 'get');
    expect(before).toMatchObject({ name: 'default', active: true });
    expect(before.components.map(({ type, flavor }) => `${type} ${flavor}`)).toEqual([
      'orchestrator local',
      'artifact-store local',
      'experiment-tracker local',
    ]);
    expect(await mortise('init')).toMatchObject({ code: 0, stdout: `${project.folder} is a Mortise project already\n` });
    expect(await project.json<StackView>('stack', 'get')).toEqual(before);
  });

  it('says that it makes a project within another one', async () => {
    const inner = join(project.folder, 'inner');
    mkdirSync(inner);
    const { code, stdout } = await project.mortise(['init'], { cwd: inner });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `made a Mortise project in ${inner}, with the stack "default"; it lies within that of ${project.folder}, which no longer serves here\n` }); // prettier-ignore
    rmSync(inner, { recursive: true });
  });

  it('says in one line that the folder is not writable, and leaves nothing there', async () => {
    const locked = join(project.folder, 'locked');
    mkdirSync(locked, { mode: 0o555 });
    const { code, stderr } = await project.mortise(['init'], { cwd: locked, unprivileged: true });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^error FOLDER_NOT_WRITABLE: cannot write to .*locked.*\n$/),
    });
    expect(existsSync(join(locked, '.mortise'))).toBe(false);
  });
});

describe('components and stacks', () => {
  it('are registered, listed, described, set active and deleted', async () => {
    await mortise('artifact-store', 'register', 'shared', '--flavor=local', '--path=shared-artifacts');
    await mortise('experiment-tracker', 'register', '--flavor', 'local', 'second');
    await mortise('alerter', 'register', 'bell', '--flavor=console');
    expect(await project.json<ComponentView>('artifact-store', 'describe', 'shared')).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      type: 'artifact-store',
      name: 'shared',
      flavor: 'local',
      config: { path: 'shared-artifacts' },
      flavorProblem: null,
      labels: {},
      updatedAt: null,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });

    const args = ['-o', 'default', '-a', 'shared', '-e', 'second', '-e', 'default', '-al', 'bell', '--set'];
    expect(await mortise('stack', 'register', 'laptop', ...args)).toMatchObject({ code: 0, stderr: '' });
    const stack = await project.json<StackView>('stack', 'describe', 'laptop');
    expect(stack).toMatchObject({ name: 'laptop', active: true });
    expect(stack.components.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'orchestrator default',
      'artifact-store shared',
      'experiment-tracker second',
      'experiment-tracker default',
      'alerter bell',
    ]);
    const { items, next } = await project.json<Listing<StackView>>('stack', 'list');
    expect(items.map(({ name, active }) => [name, active])).toEqual(expect.arrayContaining([['default', false], ['laptop', true]])); // prettier-ignore
    expect(next).toBeNull();
    expect((await mortise('stack', 'list')).stdout).toMatch(/^\* {2}laptop +default +shared +second, default +bell$/m);

    await refuses(['stack', 'delete', 'laptop'], /STACK_IN_USE/);
    await refuses(
      ['artifact-store', 'delete', 'shared'],
      'COMPONENT_IN_USE: the artifact store "shared" is used by stack "laptop". Delete or change the stack first.',
    );
    expect(await mortise('stack', 'set', 'default')).toMatchObject({ code: 0 });
    expect(await mortise('stack', 'delete', 'laptop')).toMatchObject({ code: 0 });
    expect(await mortise('artifact-store', 'delete', 'shared')).toMatchObject({ code: 0 });
    expect((await project.json<Listing<ComponentView>>('artifact-store', 'list')).items.map(({ name }) => name)).toEqual(['default']);
  });

  it('come in pages', async () => {
    const first = await project.json<Listing<ComponentView>>('experiment-tracker', 'list', '--limit', '1');
    expect(first.items).toHaveLength(1);
    const second = await project.json<Listing<ComponentView>>('experiment-tracker', 'list', '--limit', '1', '--after', first.next!);
    expect(second.items[0]!.name).not.toBe(first.items[0]!.name);
  });

  it('have flavors that tell the keys of their config', async () => {
    const { items } = await project.json<Listing<FlavorDescriptor>>('artifact-store', 'flavor', 'list');
    expect(items.map(({ name }) => name)).toEqual(['local']);
    const flavor = await project.json<FlavorDescriptor>('artifact-store', 'flavor', 'describe', 'local');
    expect(flavor.config).toContainEqual(expect.objectContaining({ key: 'path', type: 'string', required: false }));
  });

  it('follow MORTISE_ACTIVE_STACK and MORTISE_PROJECT', async () => {
    await mortise('stack', 'register', 'other', '-o', 'default', '-a', 'default');
    const elsewhere = { cwd: '/', env: { MORTISE_PROJECT: project.folder, MORTISE_ACTIVE_STACK: 'other' } };
    const { stdout } = await project.mortise(['stack', 'get', '--output', 'json'], elsewhere);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'other', active: true });
    await mortise('stack', 'delete', 'other');
  });

  it('are looked for by the name that MORTISE_ACTIVE_STACK has, and whoever misses one is told of the variable', async () => {
    const astray = { env: { MORTISE_ACTIVE_STACK: 'nope' } };
    expect((await project.mortise(['stack', 'get'], astray)).stderr).toBe(
      'error UNKNOWN_STACK: no stack named "nope". The variable MORTISE_ACTIVE_STACK names it. Known: default.\n',
    );
    expect((await project.mortise(['status'], astray)).stdout).toMatch(
      /^active stack +none: the variable MORTISE_ACTIVE_STACK names "nope", and there is no such stack$/m,
    );
  });
});

describe('status', () => {
  it('shows the root, the active stack and its components, the last run and what is undelivered', async () => {
    expect(await project.json<ProjectStatus>('status')).toMatchObject({
      root: project.folder,
      store: `sqlite:${project.folder}/.mortise/store.db`,
      activeStack: { name: 'default', components: [{ type: 'orchestrator' }, { type: 'artifact-store' }, { type: 'experiment-tracker' }] },
      lastRun: null,
      undelivered: { total: 0, components: [] },
    });
    expect((await mortise('status')).stdout).toContain('artifact-store');
  });
});

describe('a mistake is one line, exit code 1, and nothing is stored', () => {
  const stored = () =>
    Promise.all([project.json('stack', 'list'), project.json('artifact-store', 'list'), project.json('orchestrator', 'list')]);
  let before: unknown;
  beforeAll(async () => {
    before = await stored();
  });
  afterAll(async () => expect(await stored()).toEqual(before));

  const register = (...args: string[]) => ['artifact-store', 'register', ...args];
  it.each<[string, string[], string | RegExp]>([
    ['an unknown flavor', register('x', '--flavor=locl'), 'UNKNOWN_FLAVOR: no artifact store flavor "locl". Did you mean "local"?'],
    [
      'a flavor of a package that is not there',
      register('x', '--flavor=s3'),
      /run "npm install @mortise\/s3" and .* register @mortise\/s3"\.$/m,
    ],
    [
      'one beside another',
      register('x', '--flavor=mlflow'),
      /run "npm .* and "mortise artifact-store flavor register @mortise\/mlflow#artifactStore"\.$/m,
    ],
    ['no flavor', register('x'), /BAD_USAGE: artifact-store register needs --flavor\./],
    ['a misspelt --flavor', register('x', '--flavr=local'), /Did you mean "--flavor" instead of "--flavr"\?/],
    [
      'an unknown config key',
      register('x', '--flavor=local', '--pth=y'),
      /CONFIG_UNKNOWN_KEY: .* has no config key "pth"\. Did you mean "path"\?/,
    ],
    [
      'a config value of the wrong type',
      ['orchestrator', 'register', 'x', '--flavor=local', '--concurrency=many'],
      /CONFIG_WRONG_TYPE: config key "concurrency"/,
    ],
    [
      'a name that is taken',
      register('default', '--flavor=local'),
      'NAME_TAKEN: an artifact store named "default" exists already. Choose another name, or delete the old one first.',
    ],
    ['a bad name', register('a/b', '--flavor=local'), /BAD_NAME: "a\/b" is no name for an artifact store/],
    [
      'an unknown component in a stack',
      ['stack', 'register', 's', '-o', 'default', '-a', 'defalt'],
      'UNKNOWN_COMPONENT: no artifact store named "defalt". Did you mean "default"?',
    ],
    ['a stack without an artifact store', ['stack', 'register', 's', '-o', 'default'], /STACK_INCOMPLETE: stack "s" has no artifact store/],
    ['a stack with two artifact stores', ['stack', 'register', 's', '-o', 'default', '-a', 'default', '-a', 'shared'], /STACK_TOO_MANY/],
    ['a stack that is taken', ['stack', 'register', 'default', '-o', 'default', '-a', 'default'], /NAME_TAKEN: a stack named "default"/],
    ['an unknown stack', ['stack', 'set', 'defalt'], 'UNKNOWN_STACK: no stack named "defalt". Did you mean "default"?'],
    ['deleting a component in use', ['artifact-store', 'delete', 'default'], /COMPONENT_IN_USE/],
    ['an unknown command', ['stak', 'list'], 'BAD_USAGE: unknown command \'stak\'. Did you mean "stack"?'],
    ['an unknown command of a group', ['stack', 'lst'], 'BAD_USAGE: unknown command \'lst\'. Did you mean "list"?'],
    ['an unknown option', ['stack', 'list', '--ouput', 'json'], 'BAD_USAGE: unknown option \'--ouput\'. Did you mean "--output"?'],
    ['an unknown option with a value', ['tracker', 'deliver', '--token=hunter2'], "BAD_USAGE: unknown option '--token'"],
    [
      'a bad --output',
      ['stack', 'list', '--output', 'xml'],
      /BAD_USAGE: option '--output <format>' argument 'xml' is invalid\. Allowed choices are table, json, yaml/,
    ],
    ['a bad --limit', ['runs', 'list', '--limit', '0'], /BAD_USAGE: --limit/],
    ['an unknown run', ['runs', 'show', 'nothing'], /UNKNOWN_RUN/],
  ])('%s', (_, args, line) => refuses(args, line));

  it('a folder without a project', async () => {
    const { code, stderr } = await project.mortise(['stack', 'list'], { cwd: '/' });
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error NO_PROJECT: no Mortise project in / or any folder above it. Run "mortise init" in the folder of your project.\n' }); // prettier-ignore
  });

  it('a corrupt store', async () => {
    const broken = cliProject();
    try {
      await broken.mortise(['init']);
      writeFileSync(join(broken.folder, '.mortise/store.db'), 'not a database, but longer than nothing'.repeat(100));
      const { code, stderr } = await broken.mortise(['stack', 'list']);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/^error STORE_CORRUPT: [^\n]*store\.db cannot be read[^\n]*\n$/),
      });
    } finally {
      broken.remove();
    }
  });

  it.each(['runs list', 'status', 'stack list'])('none for "%s" in a project that may only be read', async (command) => {
    const state = join(project.folder, '.mortise');
    chmodSync(state, 0o555);
    try {
      expect(await project.mortise(command.split(' '), { unprivileged: true })).toMatchObject({ code: 0, stderr: '' });
    } finally {
      chmodSync(state, 0o755);
    }
  });

  it('comes with its stack under --verbose', async () => {
    const { stderr } = await mortise('stack', 'set', 'nothing', '--verbose');
    expect(stderr).toMatch(/^error UNKNOWN_STACK: [^\n]*\n.*\n +at /);
  });
});

describe('the command itself', () => {
  it('prints help and version with exit code 0', async () => {
    expect(await mortise('--version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    const help = await mortise('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const group of ['init', 'run', 'runs', 'stack', 'orchestrator', 'artifact-store', 'experiment-tracker', 'alerter', 'status'])
      expect(help.stdout).toMatch(new RegExp(`^ +${group}\\b`, 'm'));
    expect((await mortise('stack', '--help')).stdout).toMatch(/^ +register\b/m);
  });

  it('has a command "help", which ends with exit code 0 as --help does', async () => {
    expect(await mortise('help')).toEqual(await mortise('--help'));
    expect(await mortise('help', 'run')).toEqual(await mortise('run', '--help'));
    expect(await mortise('stack', 'help', 'register')).toEqual(await mortise('stack', 'register', '--help'));
  });

  it.each([[], ['stack'], ['alerter', 'flavor']])('is one line where a command is missing: mortise %s %s', async (...args) => {
    await refuses(args, 'BAD_USAGE: a command is missing here. Add --help to see which there are.');
  });

  it('starts where nothing can be written to the folder for temporary files', async () => {
    for (const TMPDIR of ['/proc/nowhere', '/etc/passwd']) expect((await project.mortise(['--version'], { env: { TMPDIR } })).code).toBe(0);
  });

  it('writes no colours where there is no terminal', async () => {
    expect((await mortise('status')).stdout).not.toContain('\u001b');
  });
});
