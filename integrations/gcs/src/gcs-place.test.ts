import { describe, expect, it } from '@jest/globals';

import { identityOf, objectName, placeIn } from './gcs-place.ts';

const place = placeIn('gs://bucket/team/a')!;

describe('a place in a bucket of GCS', () => {
  it('is the same with and without a slash at the end', () => {
    expect(place).toEqual({ bucket: 'bucket', prefix: 'team/a/' });
    expect(placeIn('gs://bucket/team/a/')).toEqual(place);
    expect(placeIn('gs://bucket')).toEqual({ bucket: 'bucket', prefix: '' });
  });

  it('has one identity for Google, whichever way its servers are named', () => {
    const id = identityOf(place, undefined);
    expect(id).toBe('gs://bucket/team/a/');
    expect(identityOf(place, 'https://storage.googleapis.com')).toBe(id);
    expect(identityOf(place, 'https://storage.me-central2.rep.googleapis.com/')).toBe(id);
  });

  it('has another identity on each other server, in each bucket and below each prefix', () => {
    const places = [place, placeIn('gs://bucket/team')!, placeIn('gs://other/team/a')!];
    const servers = [
      undefined,
      'http://127.0.0.1:9000',
      'http://127.0.0.1:9001',
      'https://x.example.com/gcs',
      'https://googleapis.com.evil.example',
    ];
    const ids = places.flatMap((each) => servers.map((server) => identityOf(each, server)));
    expect(new Set(ids).size).toBe(ids.length);
    expect(identityOf(place, 'http://X.example.com')).toBe(identityOf(place, 'https://x.example.com/'));
  });

  it('refuses a key that is too long with its prefix, or that GCS keeps for itself', () => {
    const key = Array.from({ length: 5 }, () => 'é'.repeat(100)).join('/');
    expect(objectName(place, key)).toBe(`team/a/${key}`);
    expect(() => objectName(place, `${key}/${'x'.repeat(20)}`)).toThrow('with its prefix it is longer than 1024 bytes');
    expect(() => objectName(place, '../x')).toThrow('"../x" is no artifact key');
    expect(() => objectName(placeIn('gs://bucket')!, '.well-known/acme-challenge/x')).toThrow('GCS keeps such names for itself');
    expect(objectName(place, '.well-known/acme-challenge/x')).toBe('team/a/.well-known/acme-challenge/x');
  });
});
