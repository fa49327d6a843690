import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-key-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A user whom the system does not know, as in a container that is started with any user id. */
const UNKNOWN_USER = `if (process.getuid?.() === 0) process.setuid(54321); else process.env.HOME = '';`;

/** Makes a secret and reads it, in a process of its own that does `before` first; gives what it printed. */
function makeAndRead(before: string, env: NodeJS.ProcessEnv): string {
  const script = `
    import { SecretRegistry } from ${JSON.stringify(import.meta.resolve('./secret-registry.ts'))};
    import { openStore } from ${JSON.stringify(import.meta.resolve('../store/open-store.ts'))};
    const registry = new SecretRegistry(await openStore(${JSON.stringify(`sqlite:${join(folder, 'store.db')}`)}, { create: true }));
    // What the store loads when it is needed, another user may not load from a checkout that is root's alone.
    await registry.values('none').catch(() => undefined);
    ${before}
    try {
      await registry.create('a', { key: 'value-of-a' });
      console.log((await registry.values('a')).key);
    } catch (error) {
      console.log(error.line ?? error.stack);
    }`;
  const flags = ['--conditions=mortise-source', '--no-warnings', '--input-type=module', '--eval', script];
  const { HOME: _, XDG_CONFIG_HOME: __, MORTISE_SECRET_KEY: ___, ...rest } = process.env;
  return execFileSync(process.execPath, flags, { encoding: 'utf8', cwd: folder, env: { ...rest, ...env } }).trim();
}

describe('a user without a home folder', () => {
  test.each([
    ['whom the system does not know', UNKNOWN_USER, {}],
    ['whose HOME is empty', '', { HOME: '' }],
    ['whose HOME is relative', '', { HOME: 'home' }],
  ])('%s has secrets with the key of the environment', (_, before, env) => {
    expect(makeAndRead(before, { ...env, MORTISE_SECRET_KEY: randomBytes(32).toString('base64') })).toBe('value-of-a');
  });

  test.each([
    ['whom the system does not know', UNKNOWN_USER, {}],
    ['whose HOME is empty', '', { HOME: '' }],
    ['whose HOME is relative', '', { HOME: 'home' }],
  ])('%s is told what to set, and no key is made in the working directory', (_, before, env) => {
    expect(makeAndRead(before, env)).toBe(
      'SECRET_KEY_HOMELESS: there is no key for secrets, and no place to keep one: MORTISE_SECRET_KEY is not set and this user has no home folder. ' +
        'Set HOME, or set MORTISE_SECRET_KEY to a key that you keep: openssl rand -base64 32.',
    );
    expect(readdirSync(folder).filter((name) => !name.startsWith('store.db'))).toEqual([]);
  });
});

test('a key that there is no room for leaves no part of it behind', () => {
  const script = `
    import { findOrMakeSecretKey } from ${JSON.stringify(import.meta.resolve('./secret-key.ts'))};
    try { findOrMakeSecretKey(); } catch (error) { console.log(error.line); }`;
  const node = [process.execPath, '--conditions=mortise-source', '--no-warnings', '--input-type=module', '--eval', script];
  const { MORTISE_SECRET_KEY: _, ...rest } = process.env;
  // No file of this process may hold a byte.
  const said = execFileSync('sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', ...node], {
    encoding: 'utf8',
    env: { ...rest, XDG_CONFIG_HOME: folder },
  });
  expect(said).toMatch(/^FOLDER_NOT_WRITABLE: cannot write to .*mortise \(EFBIG\)/);
  expect(readdirSync(join(folder, 'mortise'))).toEqual([]);
});

(process.platform === 'linux' ? test : test.skip)('a config folder that cannot be made is an error, not an endless try', () => {
  const script = `
    import { findOrMakeSecretKey } from ${JSON.stringify(import.meta.resolve('./secret-key.ts'))};
    try { findOrMakeSecretKey(); } catch (error) { console.log(error.line); }`;
  const flags = ['--conditions=mortise-source', '--no-warnings', '--input-type=module', '--eval', script];
  const { MORTISE_SECRET_KEY: _, ...rest } = process.env;
  const env = { ...rest, XDG_CONFIG_HOME: '/proc/mortise' };
  expect(execFileSync(process.execPath, flags, { encoding: 'utf8', env, timeout: 20_000 })).toMatch(
    /^FOLDER_NOT_WRITABLE: cannot write to \/proc\/mortise\/mortise \(ENOENT\)/,
  );
});
