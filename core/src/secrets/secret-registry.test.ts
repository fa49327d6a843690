import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { openStore } from '../store/open-store.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { SecretRegistry } from './secret-registry.ts';

let folder: string;
let store: MetadataStore;
let registry: SecretRegistry;
const saved = { XDG_CONFIG_HOME: process.env['XDG_CONFIG_HOME'], MORTISE_SECRET_KEY: process.env['MORTISE_SECRET_KEY'] };
const keyFile = (): string => join(folder, 'config', 'mortise', 'secret.key');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-secrets-'));
  process.env['XDG_CONFIG_HOME'] = join(folder, 'config');
  delete process.env['MORTISE_SECRET_KEY'];
  store = await openStore(`sqlite:${join(folder, 'store.db')}`, { create: true });
  registry = new SecretRegistry(store);
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
  for (const [name, value] of Object.entries(saved)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

test('a value is not larger than can be masked in all that is written', async () => {
  const most = 'ä'.repeat(500_000);
  await registry.create('large', { key: most });
  const outcome = await registry.update('large', { set: { key: `${most}a` } }).then(() => 'updated', String);
  expect(outcome).toContain('secret "large" cannot have more than 1,000,000 bytes as its "key"');
  expect((await registry.values('large'))['key'] === most).toBe(true);
});

describe('secrets at rest', () => {
  test('their values are found nowhere in the store, the names of their keys are', async () => {
    await registry.create('s3', { accessKey: 'AKIAEXAMPLE0000', secretKey: 'wJalrXUtnFEMI/K7MDENG' });
    const bytes = ['store.db', 'store.db-wal'].map((file) => readFileSync(join(folder, file), 'latin1')).join('');
    expect(bytes).toContain('secretKey');
    for (const value of ['AKIAEXAMPLE0000', 'wJalrXUtnFEMI/K7MDENG']) {
      expect(bytes).not.toContain(value);
      expect(bytes).not.toContain(Buffer.from(value).toString('base64').slice(0, -3));
    }
    expect(await registry.values('s3')).toEqual({ accessKey: 'AKIAEXAMPLE0000', secretKey: 'wJalrXUtnFEMI/K7MDENG' });
  });

  test('a value sealed twice looks different each time', async () => {
    const a = await registry.create('a', { key: 'same' });
    const b = await registry.update('a', { set: { key: 'same' } });
    expect(a.sealed).not.toBe(b.sealed);
  });

  test('what is stored of one secret does not open under the name of another', async () => {
    const a = await registry.create('a', { key: 'value-of-a' });
    const b = await registry.create('b', { key: 'value-of-b' });
    await store.updateSecret({ ...b, sealed: a.sealed }, b.sealed);
    await expect(registry.values('b')).rejects.toMatchObject({ code: 'SECRET_DAMAGED' });
  });

  test('nor in another store, nor with one bit changed', async () => {
    const a = await registry.create('a', { key: 'value-of-a' });
    const other = await openStore(`sqlite:${join(folder, 'other.db')}`, { create: true });
    await other.createSecret(a);
    await expect(new SecretRegistry(other).values('a')).rejects.toMatchObject({ code: 'SECRET_DAMAGED' });
    other.close();
    const bytes = Buffer.from(a.sealed.slice(3), 'base64');
    bytes[20]! ^= 1;
    await store.updateSecret({ ...a, sealed: `v1:${bytes.toString('base64')}` }, a.sealed);
    await expect(registry.values('a')).rejects.toMatchObject({ code: 'SECRET_DAMAGED' });
  });
});

describe('the key', () => {
  test('is made in a file of the user alone with the first secret, and stays', async () => {
    expect(existsSync(keyFile())).toBe(false);
    await registry.create('a', { key: 'value' });
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
    const before = readFileSync(keyFile(), 'utf8');
    await registry.create('b', { key: 'value' });
    expect(readFileSync(keyFile(), 'utf8')).toBe(before);
  });

  test('is not made by looking at secrets', async () => {
    await store.secrets({});
    await expect(registry.find('a')).rejects.toMatchObject({ code: 'UNKNOWN_SECRET' });
    expect(existsSync(keyFile())).toBe(false);
  });

  test('comes from MORTISE_SECRET_KEY first, in base64 or hex alike', async () => {
    const key = randomBytes(32);
    process.env['MORTISE_SECRET_KEY'] = key.toString('base64');
    await registry.create('a', { key: 'value' });
    expect(existsSync(keyFile())).toBe(false);
    process.env['MORTISE_SECRET_KEY'] = key.toString('hex');
    expect(await registry.values('a')).toEqual({ key: 'value' });
  });

  test('when it is missing, the error says where it was looked for', async () => {
    await registry.create('a', { key: 'value' });
    rmSync(keyFile());
    await expect(registry.values('a')).rejects.toMatchObject({
      code: 'SECRETS_LOCKED',
      message: `the secret "a" cannot be opened: MORTISE_SECRET_KEY is not set and there is no file ${keyFile()}`,
    });
  });

  test('when it is another one, the error says whose it is not', async () => {
    await registry.create('a', { key: 'value' });
    process.env['MORTISE_SECRET_KEY'] = randomBytes(32).toString('hex');
    await expect(registry.values('a')).rejects.toMatchObject({
      code: 'SECRETS_LOCKED',
      message: expect.stringContaining('the key in MORTISE_SECRET_KEY is another one'),
    });
  });

  test('that others may read is refused with the line that mends it', async () => {
    await registry.create('a', { key: 'value' });
    chmodSync(keyFile(), 0o640);
    await expect(registry.values('a')).rejects.toMatchObject({ code: 'SECRET_KEY_READABLE', advice: `Run "chmod 600 ${keyFile()}".` });
  });

  test.each(['', 'short', 'zz'.repeat(32), `${'A'.repeat(43)}==`])('%j in its file is no key', async (text) => {
    await registry.create('a', { key: 'value' });
    writeFileSync(keyFile(), text);
    await expect(registry.values('a')).rejects.toMatchObject({ code: 'SECRET_KEY_INVALID' });
  });
});

describe('changes', () => {
  test('set some keys, remove others, and leave the rest', async () => {
    await registry.create('a', { one: '1', two: '2', three: '3' });
    const changed = await registry.update('a', { set: { two: 'II', four: '4' }, remove: ['three'] });
    expect(changed.keys).toEqual(['four', 'one', 'two']);
    expect(await registry.values('a')).toEqual({ one: '1', two: 'II', four: '4' });
  });

  test('made by two at once are not lost in silence', async () => {
    const before = await registry.create('a', { one: '1' });
    await registry.update('a', { set: { one: 'first' } });
    await expect(store.updateSecret({ ...before, sealed: 'v1:other' }, before.sealed)).rejects.toMatchObject({ code: 'CHANGED_MEANWHILE' });
  });

  test('of other keys made by many at once are all made', async () => {
    await registry.create('a', { key0: '0' });
    const keys = Array.from({ length: 8 }, (_, i) => `key${i}`);
    await Promise.all(keys.map((key) => registry.update('a', { set: { [key]: 'new' } })));
    expect(await registry.values('a')).toEqual(Object.fromEntries(keys.map((key) => [key, 'new'])));
  });

  test('that leave no key, or name one that is not there, are refused', async () => {
    await registry.create('a', { one: '1' });
    await expect(registry.update('a', { remove: ['one'] })).rejects.toMatchObject({ code: 'BAD_SECRET' });
    await expect(registry.update('a', { remove: ['two'] })).rejects.toMatchObject({ message: 'secret "a" has no key "two"' });
  });

  test('of a name that is taken, or of values that are none, are refused before anything is stored', async () => {
    await registry.create('a', { one: '1' });
    await expect(registry.create('a', { one: '1' })).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    await expect(registry.create('no/name', { one: '1' })).rejects.toMatchObject({ code: 'BAD_NAME' });
    await expect(registry.create('b', { 'a.b': '1' })).rejects.toMatchObject({ code: 'BAD_SECRET' });
    await expect(registry.create('b', { a: '' })).rejects.toMatchObject({ code: 'BAD_SECRET' });
    expect((await store.secrets({})).items.map(({ name }) => name)).toEqual(['a']);
  });

  test('lists are by name and page', async () => {
    for (const name of ['c', 'a', 'b']) await registry.create(name, { key: 'v' });
    const first = await store.secrets({ limit: 2 });
    expect(first.items.map(({ name }) => name)).toEqual(['a', 'b']);
    const second = await store.secrets({ limit: 2, after: first.next! });
    expect(second).toMatchObject({ items: [{ name: 'c' }] });
    expect(second.next).toBeUndefined();
  });

  test('a deleted secret is gone', async () => {
    await registry.create('a', { key: 'v' });
    await registry.delete('a');
    await expect(registry.delete('a')).rejects.toMatchObject({ code: 'UNKNOWN_SECRET' });
  });
});
