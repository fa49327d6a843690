import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { buildCommand, cliProject, type CliProject, type CommandOptions, type CommandResult } from './testing/cli-project.ts';
import { httpTracker } from './testing/secret-pipeline.ts';
import { noTerminals, Terminal } from './testing/terminal.ts';

let project: CliProject;
let keys: string;

beforeAll(async () => {
  buildCommand();
});

beforeEach(async () => {
  keys = mkdtempSync(join(tmpdir(), 'mortise-keys-'));
  project = cliProject();
  await project.mortise(['init']);
});
afterEach(() => {
  project.remove();
  rmSync(keys, { recursive: true, force: true });
});

const env = (more: Record<string, string> = {}): Record<string, string> => ({ XDG_CONFIG_HOME: keys, ...more });
const mortise = (args: readonly string[], { env: more, ...options }: CommandOptions = {}): Promise<CommandResult> =>
  project.mortise(args, { ...options, env: env(more) });
const done = (stdout: string, stderr = '') => ({ code: 0, stdout, stderr });

const LARGE = '# nothing\n'.repeat(300_000);

describe('secret create', () => {
  it('takes values from variables and files, and says what it made', async () => {
    project.write('key.pem', 'line one\nline two\n');
    const args = ['secret', 'create', 's3', '--from-env', 'id=AWS_ID', '--from-env', 'AWS_SECRET', '--from-file', 'pem=key.pem'];
    expect(await mortise(args, { env: { AWS_ID: 'AKIA0001', AWS_SECRET: 'wJalrXUt' } })).toEqual(
      done('created secret "s3" (3 keys: AWS_SECRET, id, pem)\n'),
    );
    expect(await mortise(['secret', 'get', 's3', 'pem', '--reveal'])).toEqual(done('line one\nline two\n'));
    expect(await mortise(['secret', 'get', 's3', 'AWS_SECRET', '--reveal'])).toEqual(done('wJalrXUt\n'));
  });

  it('takes the value of one key from stdin as it is, of several a line each', async () => {
    await mortise(['secret', 'create', 'one', 'pem'], { input: 'first\nsecond\n' });
    expect(await mortise(['secret', 'get', 'one', 'pem', '--reveal'])).toEqual(done('first\nsecond\n'));
    await mortise(['secret', 'create', 'two', 'user', 'password'], { input: 'ann\npass word\n' });
    expect(await mortise(['secret', 'get', 'two', '--reveal'])).toEqual(done('KEY       VALUE\npassword  pass word\nuser      ann\n'));
  });

  it('warns of a value that is too short to be masked', async () => {
    const { code, stderr } = await mortise(['secret', 'create', 'short', 'pin'], { input: '123' });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'warning the value of "pin" has fewer than 4 characters: it is not masked where it turns up in logs and errors\n',
    });
  });

  it('makes a key that only its user may read, outside of the project', async () => {
    await mortise(['secret', 'create', 'a', 'k'], { input: 'value' });
    const path = join(keys, 'mortise', 'secret.key');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
  });

  it.each<[string, string[], string]>([
    ['a value on the command line', ['k=hunter2'], 'BAD_USAGE: the value of "k" was given on the command line'],
    ['a value given as an option', ['--k=hunter2'], 'BAD_USAGE: the value of "k" was given on the command line'],
    [
      'a value given after an option',
      ['--k', 'hunter2'],
      "BAD_USAGE: unknown option '--k'. Name the key alone, without dashes: you are asked for its value",
    ],
    ['no key', [], 'BAD_USAGE: secret create a names no key'],
    ['a variable that is not set', ['--from-env', 'k=NOT_SET'], 'BAD_USAGE: the variable NOT_SET is not set'],
    ['a file that is not there', ['--from-file', 'k=nope.txt'], 'FILE_NOT_FOUND: there is no file nope.txt'],
    ['a file without a key', ['--from-file', 'key.pem'], 'BAD_USAGE: --from-file key.pem names no key'],
    ['stdin that is empty', ['k'], 'BAD_USAGE: stdin has no value for k'],
    ['a key twice', ['k', 'k'], 'BAD_USAGE: the key "k" is named twice'],
  ])('refuses %s in one line, and stores nothing', async (_, args, line) => {
    const { code, stdout, stderr } = await mortise(['secret', 'create', 'a', ...args]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^error ${line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}.*\n$`));
    expect(stderr).not.toContain('hunter2');
    expect((await project.json<{ items: unknown[] }>('secret', 'list')).items).toEqual([]);
  });

  it.each<[string, string[], string, string]>([
    ['a file', ['secret', 'create', 'a', '--from-file', 'k=large.txt'], '', 'BAD_USAGE: large.txt is no value of a secret'],
    ['stdin', ['secret', 'create', 'a', 'k'], LARGE, 'BAD_USAGE: stdin is no value of a secret'],
    ['a stack', ['stack', 'import', '-'], LARGE, 'FILE_BROKEN: stdin cannot be loaded'],
  ])('reads no more than a million bytes of what may have no end: %s', async (_, command, input, told) => {
    project.write('large.txt', LARGE);
    const { code, stderr } = await mortise(command, { input });
    expect({ code, stderr }).toEqual({ code: 1, stderr: `error ${told}: it has more than 1,000,000 bytes\n` });
    expect((await project.json<{ items: unknown[] }>('secret', 'list')).items).toEqual([]);
  });

  it('refuses a name that is taken', async () => {
    await mortise(['secret', 'create', 'a', 'k'], { input: 'value' });
    expect(await mortise(['secret', 'create', 'a', 'k'], { input: 'value' })).toMatchObject({
      code: 1,
      stderr:
        'error NAME_TAKEN: a secret named "a" exists already. Give it keys by "mortise secret update a KEY", or choose another name.\n',
    });
  });
});

/** Where there are no terminals, it is said that there are none. */
function inTerminal(name: string, claim: () => Promise<void>): void {
  if (noTerminals === undefined) it(name, claim);
  else it(`cannot be tried (${noTerminals}): ${name}`, () => expect(project.folder).not.toBe(''));
}

describe('in a terminal', () => {
  inTerminal('values are asked for one by one and never shown', async () => {
    const terminal = Terminal.mortise(['secret', 'create', 'ml', 'user', 'password'], { cwd: project.folder, env: env() });
    try {
      await terminal.until(/user:/);
      terminal.type('ann-the-user\r');
      await terminal.until(/password:/);
      terminal.type('s3cr3t-pass\r');
      expect(await terminal.ended()).toBe(0);
      expect(terminal.shown).toContain('created secret "ml" (2 keys: password, user)');
      expect(terminal.shown).not.toMatch(/ann-the-user|s3cr3t-pass/);
    } finally {
      terminal.close();
    }
    expect(await mortise(['secret', 'get', 'ml', 'password', '--reveal'])).toEqual(done('s3cr3t-pass\n'));
  });

  for (const [what, typed] of [
    ['Ctrl+D', '\u0004'],
    ['Ctrl+C', '\u0003'],
    ['an empty line', '\r'],
  ] as const)
    inTerminal(`${what} stores nothing`, async () => {
      const terminal = Terminal.mortise(['secret', 'create', 'ml', 'user'], { cwd: project.folder, env: env() });
      try {
        await terminal.until(/user:/);
        terminal.type(typed);
        expect(await terminal.ended()).not.toBe(0);
        expect(terminal.shown).toContain('no value was given for "user": nothing was stored');
      } finally {
        terminal.close();
      }
      expect((await project.json<{ items: unknown[] }>('secret', 'list')).items).toEqual([]);
    });
});

describe('a secret that is there', () => {
  beforeEach(async () => {
    await mortise(['secret', 'create', 'ml', '--from-env', 'user=U', '--from-env', 'token=T'], {
      env: { U: 'ann-the-user', T: 'tok-12345' },
    });
  });

  it('is shown without its values, unless they are asked for', async () => {
    for (const format of ['table', 'json', 'yaml'])
      for (const words of [['get', 'ml'], ['list']]) {
        const { code, stdout, stderr } = await mortise(['secret', ...words, '--output', format, '--verbose']);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).toContain('token');
        expect(stdout).not.toMatch(/ann-the-user|tok-12345/);
      }
    expect(await mortise(['secret', 'get', 'ml', 'token'])).toMatchObject({ code: 1, stderr: expect.stringContaining('Add --reveal') });
    const { stdout } = await mortise(['secret', 'get', 'ml', '--reveal', '--output', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'ml', keys: ['token', 'user'], values: { token: 'tok-12345', user: 'ann-the-user' } });
  });

  it('is updated key by key', async () => {
    expect(await mortise(['secret', 'update', 'ml', 'token', '--remove', 'user'], { input: 'tok-67890' })).toEqual(
      done('updated secret "ml" (1 key: token)\n'),
    );
    expect(await mortise(['secret', 'get', 'ml', '--reveal'])).toEqual(done('KEY    VALUE\ntoken  tok-67890\n'));
    expect(await mortise(['secret', 'update', 'ml'])).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing to change') });
    expect(await mortise(['secret', 'update', 'mll', 'token'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Did you mean "ml"?'),
    });
  });

  it('is deleted', async () => {
    expect(await mortise(['secret', 'delete', 'ml'])).toEqual(done('deleted secret "ml"\n'));
    expect(await mortise(['secret', 'get', 'ml'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('UNKNOWN_SECRET: no secret named "ml"'),
    });
  });

  it('cannot be opened elsewhere without the key, and the error says where it was looked for', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'mortise-keys-'));
    const { code, stderr } = await mortise(['secret', 'get', 'ml', '--reveal'], { env: { XDG_CONFIG_HOME: elsewhere } });
    expect(code).toBe(1);
    expect(stderr).toContain(`MORTISE_SECRET_KEY is not set and there is no file ${join(elsewhere, 'mortise/secret.key')}`);
    const MORTISE_SECRET_KEY = readFileSync(join(keys, 'mortise/secret.key'), 'utf8');
    expect(
      await mortise(['secret', 'get', 'ml', 'token', '--reveal'], { env: { XDG_CONFIG_HOME: elsewhere, MORTISE_SECRET_KEY } }),
    ).toEqual(done('tok-12345\n'));
    rmSync(elsewhere, { recursive: true });
  });

  it('is not opened with a key that others may read', async () => {
    const path = join(keys, 'mortise/secret.key');
    chmodSync(path, 0o644);
    expect(await mortise(['secret', 'get', 'ml', '--reveal'])).toMatchObject({
      code: 1,
      stderr: `error SECRET_KEY_READABLE: others may read the key for secrets: ${path} has the mode 0644. Run "chmod 600 ${path}".\n`,
    });
  });
});

describe('components whose flavor has a secret key', () => {
  beforeEach(async () => {
    project.write('http-tracker.mjs', httpTracker);
    project.write(
      'one.mjs',
      "import { pipeline, step } from '@mortise/core';\nconst s = step('s', async () => 1);\nexport const one = pipeline('one', () => s());\n",
    );
    await mortise(['experiment-tracker', 'flavor', 'register', './http-tracker.mjs']);
  });
  const register = (token: string, ...more: string[]): Promise<CommandResult> =>
    mortise(['experiment-tracker', 'register', 'vendor', '--flavor=http', '--url=http://127.0.0.1:9', `--token=${token}`, ...more]);
  const stack = (): Promise<CommandResult> =>
    mortise(['stack', 'register', 's', '-o', 'default', '-a', 'default', '-e', 'vendor', '--set']);

  it('are refused with the value in clear text, which is told what to do and not repeated', async () => {
    const { code, stdout, stderr } = await register('hunter2');
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'error SECRET_IN_CLEAR: config key "token" of experiment tracker "vendor" is secret, and its value was given in clear text. ' +
        `Run "mortise secret create vendor token" and write --token='{{secret.vendor.token}}', or add --force to store it as it is.\n`,
    });
  });

  it('take it with --force, and show it nowhere: not in describe, nor in the stack, nor in a run', async () => {
    expect((await register('hunter2', '--force')).code).toBe(0);
    await stack();
    expect((await mortise(['run', 'one.mjs', '--name', 'first'])).code).toBe(0);
    for (const words of [
      ['experiment-tracker', 'describe', 'vendor'],
      ['stack', 'describe'],
      ['stack', 'list'],
      ['runs', 'show', 'first'],
    ]) {
      const { code, stdout } = await mortise([...words, '--output', 'json']);
      expect(code).toBe(0);
      expect(stdout).toContain('"token": "***"');
      expect(stdout).not.toContain('hunter2');
    }
    expect(await mortise(['experiment-tracker', 'update', 'vendor', '--url=http://127.0.0.1:10'])).toMatchObject({ code: 0 });
    expect(await mortise(['experiment-tracker', 'update', 'vendor', '--token=hunter3'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('SECRET_IN_CLEAR'),
    });
  });

  it('take a reference to a secret that is not there yet; a run says what is missing before its first step', async () => {
    expect((await register('{{secret.vendor.token}}')).code).toBe(0);
    await stack();
    expect(await mortise(['run', 'one.mjs'])).toMatchObject({
      code: 1,
      stderr:
        'error SECRET_MISSING: experiment tracker "vendor" needs {{secret.vendor.token}}, and there is no secret "vendor". ' +
        'Make it with "mortise secret create vendor token".\n',
    });
    expect((await project.json<{ items: unknown[] }>('runs', 'list')).items).toEqual([]);
    await mortise(['secret', 'create', 'vendor', 'token'], { input: 'tok-12345' });
    expect((await mortise(['run', 'one.mjs'])).code).toBe(0);
  });

  it('are refused with a reference that is none', async () => {
    expect(await register('{{secret.token}}')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('BAD_REFERENCE: {{secret.token}} in'),
    });
  });

  it('take what a variable holds for a number where a number is meant', async () => {
    await mortise(['orchestrator', 'register', 'few', '--flavor=local', '--concurrency={{env.AT_ONCE}}']);
    await mortise(['stack', 'register', 'few', '-o', 'few', '-a', 'default']);
    expect(await mortise(['run', 'one.mjs', '--stack', 'few'], { env: { AT_ONCE: '2' } })).toMatchObject({ code: 0 });
    expect(await mortise(['run', 'one.mjs', '--stack', 'few'], { env: { AT_ONCE: 'two' } })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('CONFIG_WRONG_TYPE'),
    });
  });
});
