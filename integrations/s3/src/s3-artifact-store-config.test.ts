import { describe, expect, it } from '@jest/globals';
import { validate } from 'class-validator';

import { S3ArtifactStoreConfig } from './s3-artifact-store-config.ts';

/** What is wrong with a config, by key. */
async function flaws(config: object): Promise<Record<string, string>> {
  const errors = await validate(Object.assign(new S3ArtifactStoreConfig(), config));
  return Object.fromEntries(errors.map(({ property, constraints }) => [property, Object.values(constraints!).join('; ')]));
}

const path = 's3://bucket/prefix';

describe('the config of an S3 store', () => {
  it('needs a path, and no more', async () => {
    expect(await flaws({ path })).toEqual({});
    expect(Object.keys(await flaws({}))).toEqual(['path']);
    const all = {
      ...{ path, endpoint: 'https://minio.example.com:9000', region: 'eu-central-1', forcePathStyle: false },
      ...{
        key: 'k',
        secret: 's',
        sessionToken: 't',
        kmsKeyId: 'alias/x',
        storageClass: 'STANDARD_IA',
        maxConcurrency: 8,
        partSize: 5 << 20,
      },
    };
    expect(await flaws(all)).toEqual({});
  });

  it.each(['bucket/prefix', 's3://', 's3://b', 's3:///x', 's3://bucket//x', 's3://bucket/../x', 's3://bucket/x//', 'http://bucket/x', 7])(
    'refuses the path %j',
    async (wrong) => expect((await flaws({ path: wrong }))['path']).toMatch(/must be s3:\/\/BUCKET/),
  );

  it.each(['s3://bucket', 's3://bucket/', 's3://my.bucket-1/a/b', 's3://bucket/a/b/'])('takes the path %s', async (right) =>
    expect(await flaws({ path: right })).toEqual({}),
  );

  it.each(['minio:9000', 'ftp://x', 'https://ann:pa55@x', 'https://x/?token=pa55', 7])(
    'refuses the endpoint %s, without telling it',
    async (wrong) => {
      const { endpoint: said } = await flaws({ path, endpoint: wrong });
      expect(said).toMatch(/must be an http or https URL/);
      expect(said).not.toContain('pa55');
    },
  );

  it('wants a key and a secret together, and both for a session token', async () => {
    expect(await flaws({ path, key: 'k' })).toEqual({ secret: expect.stringContaining('is needed beside "key"') });
    expect(await flaws({ path, secret: 's' })).toEqual({ key: expect.stringContaining('is needed beside "secret"') });
    expect(Object.keys(await flaws({ path, sessionToken: 't' }))).toEqual(['sessionToken']);
  });

  it.each([
    { partSize: (5 << 20) - 1 },
    { partSize: 1.5 },
    { maxConcurrency: 0 },
    { timeoutMs: 0 },
    { forcePathStyle: 'yes' },
    { region: '' },
    { region: 'eu central' },
    { storageClass: 'cold' },
    { kmsKeyId: '' },
  ])('refuses %j', async (wrong) => expect(Object.keys(await flaws({ path, ...wrong }))).toEqual(Object.keys(wrong)));
});
