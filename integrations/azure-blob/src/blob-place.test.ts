import { describe, expect, it } from '@jest/globals';

import { blobName, identityOf, placeIn } from './blob-place.ts';

const place = placeIn('az://box/team/a')!;

describe('a place in a container', () => {
  it('is the same with and without a slash at the end', () => {
    expect(place).toEqual({ container: 'box', prefix: 'team/a/' });
    expect(placeIn('az://box/team/a/')).toEqual(place);
    expect(placeIn('az://box')).toEqual({ container: 'box', prefix: '' });
    expect(placeIn(`az://${'b'.repeat(64)}`)).toBeUndefined();
  });

  it('has another identity in each account, each container and below each prefix', () => {
    const places = [place, placeIn('az://box/team')!, placeIn('az://other/team/a')!];
    const accounts = [
      'https://one.blob.core.windows.net',
      'https://two.blob.core.windows.net',
      'http://127.0.0.1:10000/one',
      'http://127.0.0.1:10000/two',
    ];
    const ids = places.flatMap((each) => accounts.map((account) => identityOf(each, account)));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toBe('az://box/team/a/@one.blob.core.windows.net');
    expect(identityOf(place, 'https://ONE.blob.core.windows.net/')).toBe(ids[0]);
  });

  it('refuses a key that is too long with its prefix', () => {
    const key = Array.from({ length: 10 }, () => 'é'.repeat(100)).join('/');
    expect(blobName(place, key)).toBe(`team/a/${key}`);
    expect(() => blobName(place, `${key}/${'x'.repeat(20)}`)).toThrow('with its prefix it is longer than 1024 characters');
    expect(() => blobName(place, '../x')).toThrow('"../x" is no artifact key');
  });
});
