import { describe, expect, it } from '@jest/globals';

import { identityOf, objectKey, placeIn } from './s3-place.ts';

const place = placeIn('s3://bucket/team/a')!;

describe('a place in a bucket', () => {
  it('is the same with and without a slash at the end', () => {
    expect(place).toEqual({ bucket: 'bucket', prefix: 'team/a/' });
    expect(placeIn('s3://bucket/team/a/')).toEqual(place);
    expect(placeIn('s3://bucket')).toEqual({ bucket: 'bucket', prefix: '' });
  });

  it('has one identity for AWS, whichever way its servers are named', () => {
    const id = identityOf(place, undefined);
    expect(id).toBe('s3://bucket/team/a/');
    expect(identityOf(place, 'https://s3.eu-west-1.amazonaws.com')).toBe(id);
    expect(identityOf(place, 'https://s3.cn-north-1.amazonaws.com.cn')).toBe(id);
  });

  it('has another identity on each other server, in each bucket and below each prefix', () => {
    const places = [place, placeIn('s3://bucket/team')!, placeIn('s3://other/team/a')!];
    const servers = [
      undefined,
      'http://127.0.0.1:9000',
      'http://127.0.0.1:9001',
      'https://x.example.com/s3',
      'https://x.example.com/',
      'https://amazonaws.com.evil.example',
    ];
    const ids = places.flatMap((each) => servers.map((server) => identityOf(each, server)));
    expect(new Set(ids).size).toBe(ids.length);
    expect(identityOf(place, 'http://X.example.com')).toBe(identityOf(place, 'https://x.example.com/'));
  });

  it('refuses a key that is too long with its prefix, or cannot be in a list', () => {
    const key = Array.from({ length: 5 }, () => 'é'.repeat(100)).join('/');
    expect(objectKey(place, key)).toBe(`team/a/${key}`);
    expect(() => objectKey(place, `${key}/${'x'.repeat(20)}`)).toThrow('with its prefix it is longer than 1024 bytes');
    for (const listed of ['\uFFFE', 'a\uFFFF/b']) expect(() => objectKey(place, listed)).toThrow('which cannot be listed');
    expect(() => objectKey(place, '../x')).toThrow('"../x" is no artifact key');
  });
});
