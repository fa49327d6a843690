import { describe, expect, test } from '@jest/globals';

import type { Json, JsonObject } from '../json.ts';
import {
  keepSecretsInClear,
  maskConfig,
  refuseSecretsInClear,
  resolveConfig,
  secretsInClear,
  withoutSecretsInClear,
} from './component-secrets.ts';
import { redact } from './redaction.ts';
import type { SecretStore } from './resolve-references.ts';

const descriptor = {
  config: [
    { key: 'token', secret: true },
    { key: 'headers', secret: true },
    { key: 'url', secret: false },
  ],
};
const component = (config: JsonObject) => ({ type: 'experiment-tracker' as const, name: 'm', config });
/** There is no secret in it, and none is asked for. */
const store = {} as SecretStore;

describe('a secret key in clear text', () => {
  const inClear: Json[] = [
    'tok-123',
    42,
    ['{{secret.a.b}}', 'plain'],
    { authorization: 'Bearer abc' },
    'postgres://u:pAss@{{env.HOST}}/db',
    'pAss{{env.HOST}}',
    'Bearer pAss {{env.HOST}}',
    '{{env.HOST}} pAss',
  ];
  test.each(inClear)('%j is refused, with the command that mends it, and not with the value', (value) => {
    expect(() => refuseSecretsInClear(component({ token: value }), descriptor)).toThrow(
      expect.objectContaining({
        code: 'SECRET_IN_CLEAR',
        message: 'config key "token" of experiment tracker "m" is secret, and its value was given in clear text',
        advice: expect.stringContaining('mortise secret create m token'),
      }),
    );
  });

  const fine: Json[] = [
    '{{secret.a.b}}',
    ' {{secret.a.b}}{{secret.a.c}}\n',
    'Bearer {{env.TOKEN}}',
    '',
    null,
    { authorization: 'Bearer {{secret.a.b}}' },
  ];
  test.each(fine)('%j is none', (value) => {
    expect(() => refuseSecretsInClear(component({ token: value, url: 'in clear' }), descriptor)).not.toThrow();
  });

  test('that is stored already may stay, another one may not take its place', () => {
    const stored = { token: 'tok-123' };
    expect(() => refuseSecretsInClear(component({ ...stored, url: 'new' }), descriptor, stored)).not.toThrow();
    expect(() => refuseSecretsInClear(component({ token: 'tok-456' }), descriptor, stored)).toThrow('is secret');
  });

  test('is masked where the config is shown, within objects too; references stay', () => {
    const config = { token: 'tok-123', headers: { a: 'Bearer abc', b: '{{secret.a.b}}' }, url: 'http://host' };
    expect(maskConfig(config, secretsInClear(config, descriptor))).toEqual({
      token: '***',
      headers: { a: '***', b: '{{secret.a.b}}' },
      url: 'http://host',
    });
  });
});

test('clear text beside a reference is neither shown nor given away', () => {
  const config = { token: 'postgres://u:pAss@{{env.HOST}}/db', url: 'http://{{env.HOST}}' };
  expect(maskConfig(config, secretsInClear(config, descriptor))).toEqual({ ...config, token: '***' });
  expect(withoutSecretsInClear(config, descriptor)).toEqual({ config: { url: config.url }, omitted: ['token'] });
});

test('what was given in clear text can be kept before anybody looks at it', () => {
  keepSecretsInClear({ token: 'given-in-clear', headers: { a: '{{secret.a.b}}' }, url: 'not-a-secret' }, descriptor);
  expect(redact('given-in-clear {{secret.a.b}} not-a-secret')).toBe('*** {{secret.a.b}} not-a-secret');
});

test('values of secret keys are masked once a component is made from them, those from the environment too', async () => {
  process.env['CS_TOKEN'] = 'from-the-environment';
  const config = { token: 'Bearer {{env.CS_TOKEN}}', headers: { a: 'forced-in-clear' }, url: 'http://host-in-clear' };
  expect(await resolveConfig(component(config), descriptor, store)).toEqual({ ...config, token: 'Bearer from-the-environment' });
  expect(redact('from-the-environment forced-in-clear http://host-in-clear')).toBe('*** *** http://host-in-clear');
  delete process.env['CS_TOKEN'];
});
