import { inspect } from 'node:util';
import { isNativeError } from 'node:util/types';

import { expect, test } from '@jest/globals';

import { BadUsage, FlavorBroken, isError } from '../errors.ts';
import { keepSecret } from './kept-secrets.ts';
import { maskedError } from './masked-error.ts';

const TOKEN = 'tok-5b6c7d8e9f';

test('as long as nothing is secret, an error is the one that was thrown', () => {
  const error = new Error('x');
  expect(maskedError(error)).toBe(error);
});

test('an error of others is copied with its code and without the secrets in its message, stack, causes and what else hangs on it', () => {
  keepSecret(TOKEN);
  const cause = new AggregateError([new Error(TOKEN)], `because of ${TOKEN}`);
  const given = Object.assign(new TypeError(`401 for ${TOKEN}`, { cause }), {
    code: 'E401',
    request: { headers: { authorization: TOKEN } },
  });
  const masked = maskedError(given);
  expect(isNativeError(masked)).toBe(true);
  expect(masked).toMatchObject({ name: 'TypeError', message: '401 for ***', code: 'E401', cause: { message: 'because of ***' } });
  expect(masked.stack).toContain('masked-error.test.ts');
  expect(inspect(masked, { depth: 9, showHidden: true })).not.toContain(TOKEN);
  expect(given.message).toContain(TOKEN);
});

test('an error of this package stays what it is, and says nothing of them', () => {
  keepSecret(TOKEN);
  const given = new FlavorBroken({ type: 'alerter', flavor: 'x', reason: `no ${TOKEN}` }, { cause: new Error(TOKEN) });
  const masked = maskedError(given);
  expect(masked).toBe(given);
  expect(isError(masked, FlavorBroken)).toBe(true);
  expect(masked).toMatchObject({ facts: { type: 'alerter', flavor: 'x', reason: 'no ***' }, cause: { message: '***' } });
  expect(inspect(masked, { depth: 9, showHidden: true })).not.toContain(TOKEN);
  expect(maskedError(new BadUsage({ what: 'a', advice: `use ${TOKEN}` })).advice).toBe('use ***');
});

test('texts and things that look like errors may be thrown too, and a cause that is its own ends', () => {
  keepSecret(TOKEN);
  expect(maskedError(`threw ${TOKEN}`)).toBe('threw ***');
  expect(maskedError({ message: TOKEN, token: TOKEN })).toEqual(new Error('***'));
  const circular = new Error(TOKEN);
  circular.cause = circular;
  expect(inspect(maskedError(circular), { depth: 99 })).not.toContain(TOKEN);
});
