import { describe, expect, test } from '@jest/globals';
import { FlavorBroken, MissingPackage } from '../errors.ts';
import { orBroken } from './flavor-broken.ts';

const flavor = { type: 'experiment-tracker', name: 'server' } as const;

describe('code of a flavor', () => {
  test('that throws is named, with the reason and the cause', async () => {
    const cause = new Error('Cannot find package "vendor-sdk"');
    const broken = orBroken(flavor, () => Promise.reject(cause));
    await expect(broken).rejects.toThrow(FlavorBroken);
    await expect(broken).rejects.toMatchObject({
      message: 'the experiment tracker flavor "server" cannot be loaded: Cannot find package "vendor-sdk"',
      cause,
    });
  });

  test('that throws an error meant for people keeps it', async () => {
    const error = new MissingPackage({ package: 'vendor-sdk', of: 'the flavor' });
    await expect(orBroken(flavor, () => Promise.reject(error))).rejects.toBe(error);
  });
});
