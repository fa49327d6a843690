import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { openStore } from '../store/open-store.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { redact } from './redaction.ts';
import { holdsReferences } from './references.ts';
import { missingReferences, requireReferences, resolveReferences } from './resolve-references.ts';
import { SecretRegistry } from './secret-registry.ts';

let folder: string;
let store: MetadataStore;
const of = 'experiment tracker "m"';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-references-'));
  process.env['MORTISE_SECRET_KEY'] = randomBytes(32).toString('hex');
  store = await openStore(`sqlite:${join(folder, 'store.db')}`, { create: true });
  await new SecretRegistry(store).create('team.ml', { user: 'ann-the-user', token: 'tok-0123456789' });
  process.env['REF_HOST'] = 'host.example';
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
  delete process.env['MORTISE_SECRET_KEY'];
  delete process.env['REF_HOST'];
});

test('references are replaced in whole texts, in parts of them, in lists and objects; the rest stays', async () => {
  const config = {
    token: '{{secret.team.ml.token}}',
    url: 'https://{{ secret.team.ml.user }}:{{secret.team.ml.token}}@{{env.REF_HOST}}/',
    list: ['{{env.REF_HOST}}', 1, null, { deep: 'x{{env.REF_HOST}}' }],
    template: '{{ user }} {{secretary}}',
  };
  expect(await resolveReferences(config, store, { of })).toEqual({
    token: 'tok-0123456789',
    url: 'https://ann-the-user:tok-0123456789@host.example/',
    list: ['host.example', 1, null, { deep: 'xhost.example' }],
    template: '{{ user }} {{secretary}}',
  });
});

test('a value that looks like a reference is not resolved once more', async () => {
  await new SecretRegistry(store).create('odd', { key: '{{env.REF_HOST}} $& $1' });
  expect(await resolveReferences('{{secret.odd.key}}', store, { of })).toBe('{{env.REF_HOST}} $& $1');
});

test('what comes from a secret is masked from then on; of the environment only where the value is secret', async () => {
  await resolveReferences('{{secret.team.ml.user}} {{env.REF_HOST}}', store, { of });
  expect(redact('ann-the-user host.example')).toBe('*** host.example');
  await resolveReferences('{{env.REF_HOST}}', store, { of, secret: true });
  expect(redact('ann-the-user host.example')).toBe('*** ***');
});

test.each([
  ['{{secret.nope.token}}', 'SECRET_MISSING', `${of} needs {{secret.nope.token}}, and there is no secret "nope"`],
  ['{{secret.team.ml.tokn}}', 'SECRET_KEY_MISSING', `${of} needs {{secret.team.ml.tokn}}, and the secret "team.ml" has no key "tokn"`],
  ['{{env.REF_NOPE}}', 'ENV_MISSING', `${of} needs {{env.REF_NOPE}}, and the variable REF_NOPE is not set`],
  ['{{secret.token}}', 'BAD_REFERENCE', `{{secret.token}} in ${of} is no reference`],
  ['{{secrets.team.ml.token}}', 'BAD_REFERENCE', `{{secrets.team.ml.token}} in ${of} is no reference`],
  ['{{secret.team.ml.token', 'BAD_REFERENCE', `{{secret.team.ml.token in ${of} is no reference`],
  ['{{secret.team.ml.token}', 'BAD_REFERENCE', `{{secret.team.ml.token} in ${of} is no reference`],
  ['{{ENV.REF_HOST}}', 'BAD_REFERENCE', `{{ENV.REF_HOST}} in ${of} is no reference`],
  ['{{env.REF_HOST}}{{Secret.team.ml.token}}', 'BAD_REFERENCE', `{{Secret.team.ml.token}} in ${of} is no reference`],
  ['{{secret.team.ml.__proto__}}', 'SECRET_KEY_MISSING', expect.any(String)],
])('%s is %s', async (text, code, message) => {
  await expect(resolveReferences({ a: [`x ${text}`] }, store, { of })).rejects.toMatchObject({ code, message });
});

test.each([
  ['{{secret.team.ml.token}', '{{secret.team.ml.token}}'],
  ['{{secrets.team.ml.token}}', '{{secret.team.ml.token}}'],
  ['{{ Secret . team.ml . token }}', '{{secret.team.ml.token}}'],
  ['{{ENV.REF_HOST}}', '{{env.REF_HOST}}'],
])('of %s it says that %s may be meant', async (text, meant) => {
  await expect(resolveReferences(text, store, { of })).rejects.toMatchObject({
    advice: expect.stringContaining(`Did you mean ${meant}?`),
  });
});

test('all that is missing is said at once, each once', async () => {
  const uses = [
    { value: { a: '{{secret.nope.a}}', b: '{{env.REF_NOPE}}', c: '{{env.REF_HOST}}', d: '{{env.REF_NOPE}}' }, of },
    { value: { a: '{{secret.team.ml.nope}}' }, of: 'artifact store "s3"' },
  ];
  expect((await missingReferences(uses, store)).map(({ code }) => code)).toEqual(['SECRET_MISSING', 'ENV_MISSING', 'SECRET_KEY_MISSING']);
  await expect(requireReferences(uses, store)).rejects.toMatchObject({
    code: 'REFERENCES_MISSING',
    message: expect.stringContaining('artifact store "s3" needs {{secret.team.ml.nope}}'),
  });
  await expect(requireReferences(uses.slice(1), store)).rejects.toMatchObject({ code: 'SECRET_KEY_MISSING' });
});

test('without its key a secret is missing, with where the key was looked for', async () => {
  delete process.env['MORTISE_SECRET_KEY'];
  process.env['XDG_CONFIG_HOME'] = folder;
  const [error] = await missingReferences([{ value: '{{secret.team.ml.token}}', of }], store);
  delete process.env['XDG_CONFIG_HOME'];
  expect(error).toMatchObject({ code: 'SECRETS_LOCKED', message: expect.stringContaining(join(folder, 'mortise/secret.key')) });
});

test('a value without references is given back as it is', async () => {
  const value = { a: ['{ {env.X} }', '{{ user.name }', '{{ENV}}', '{{environment.name'] };
  expect(holdsReferences(value)).toBe(false);
  expect(await resolveReferences(value, store, { of })).toBe(value);
});
