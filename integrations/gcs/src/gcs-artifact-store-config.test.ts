import { describe, expect, it } from '@jest/globals';
import { validate } from 'class-validator';

import { GcsArtifactStoreConfig } from './gcs-artifact-store-config.ts';

/** What is wrong with a config, by key. */
async function flaws(config: object): Promise<Record<string, string>> {
  const errors = await validate(Object.assign(new GcsArtifactStoreConfig(), config));
  return Object.fromEntries(errors.map(({ property, constraints }) => [property, Object.values(constraints!).join('; ')]));
}

const path = 'gs://bucket/prefix';
const kmsKeyName = 'projects/p/locations/europe/keyRings/r/cryptoKeys/k';

describe('the config of a GCS store', () => {
  it('needs a path, and no more', async () => {
    expect(await flaws({ path })).toEqual({});
    expect(Object.keys(await flaws({}))).toEqual(['path']);
    const all = {
      path,
      endpoint: 'http://127.0.0.1:4443',
      projectId: 'p',
      credentials: '{}',
      kmsKeyName,
      storageClass: 'NEARLINE',
      partSize: 1 << 20,
    };
    expect(await flaws(all)).toEqual({});
    expect(await flaws({ path, keyFile: 'key.json' })).toEqual({});
  });

  it.each(['bucket/prefix', 'gs://', 'gs://b', 'gs://Bucket/x', 'gs:///x', 'gs://bucket//x', 'gs://bucket/../x', 's3://bucket/x', 7])(
    'refuses the path %j',
    async (wrong) => expect((await flaws({ path: wrong }))['path']).toMatch(/must be gs:\/\/BUCKET/),
  );

  it.each(['gs://bucket', 'gs://bucket/', 'gs://my.bucket_1/a/b', 'gs://bucket/a/b/'])('takes the path %s', async (right) =>
    expect(await flaws({ path: right })).toEqual({}),
  );

  it.each(['gcs:4443', 'ftp://x', 'https://ann:pa55@x', 'https://x/?token=pa55', 7])(
    'refuses the endpoint %s, without telling it',
    async (wrong) => {
      const { endpoint: said } = await flaws({ path, endpoint: wrong });
      expect(said).toMatch(/must be an http or https URL/);
      expect(said).not.toContain('pa55');
    },
  );

  it('takes credentials from one place', async () => {
    expect(await flaws({ path, credentials: '{}', keyFile: 'key.json' })).toEqual({ keyFile: 'cannot be given beside "credentials"' });
  });

  it.each([
    { partSize: 1 },
    { partSize: (256 << 10) + 1 },
    { timeoutMs: 0 },
    { projectId: '' },
    { storageClass: 'cold' },
    { kmsKeyName: 'alias/x' },
    { keyFile: '' },
  ])('refuses %j', async (wrong) => expect(Object.keys(await flaws({ path, ...wrong }))).toEqual(Object.keys(wrong)));
});
