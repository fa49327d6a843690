import { expect, it } from '@jest/globals';
import type { FlavorDescriptor } from '../stack/flavor.ts';
import { maskSecrets } from './mask-secrets.ts';

const key = (name: string, secret: boolean) => ({ key: name, type: 'string', required: false, secret });
const flavor: FlavorDescriptor = {
  ...{ apiVersion: 1, type: 'experiment-tracker', name: 'team', source: 'x', version: '1', settings: [] },
  config: [key('uri', false), key('token', true), key('password', true)],
};

it('masks the secrets that were stored in clear text, and shows references to secrets as they are', () => {
  const config = { uri: 'http://x', token: 'abc', password: '{{secret.team.password}}' };
  const shown = maskSecrets({ type: 'experiment-tracker', flavor: 'team', config }, [flavor]);
  expect(shown.config).toEqual({ uri: 'http://x', token: '***', password: '{{secret.team.password}}' });
});

it('masks all of a component whose flavor nobody knows: which keys are secret cannot be told', () => {
  const config = { uri: 'http://x', token: '{{secret.team.token}}' };
  expect(maskSecrets({ type: 'experiment-tracker', flavor: 'gone', config }, [flavor]).config).toEqual({
    uri: '***',
    token: '{{secret.team.token}}',
  });
});
