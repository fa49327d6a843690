import { describe, expect, test } from '@jest/globals';

import type { Json, JsonObject } from '../json.ts';
import { maskConfig, refuseSecretsInClear, resolveConfig, secretsInClear } from './component-secrets.ts';
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
  const inClear: Json[] = ['tok-123', 42, ['{{secret.a.b}}', 'plain'], { authorization: 'Bearer abc' }];
  test.each(inClear)('%j is refused, with the command that mends it, and not with the value', (value) => {
    expect(() => refuseSecretsInClear(component({ token: value }), descriptor)).toThrow(
      expect.objectContaining({
        code: 'SECRET_IN_CLEAR',
        message: 'config key "token" of experiment tracker "m" is secret, and its value was given in clear text',
        advice: expect.stringContaining('mortise secret create m token'),
      }),
    );
  });

  const fine: Json[] = ['{{secret.a.b}}', 'Bearer {{env.TOKEN}}', '', null, { authorization: 'Bearer {{secret.a.b}}' }];
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

test('values of secret keys are masked once a component is made from them, those from the environment too', async () => {
  process.env['CS_TOKEN'] = 'from-the-environment';
  const config = { token: 'Bearer {{env.CS_TOKEN}}', headers: { a: 'forced-in-clear' }, url: 'http://host-in-clear' };
  expect(await resolveConfig(component(config), descriptor, store)).toEqual({ ...config, token: 'Bearer from-the-environment' });
  expect(redact('from-the-environment forced-in-clear http://host-in-clear')).toBe('*** *** http://host-in-clear');
  delete process.env['CS_TOKEN'];
});
