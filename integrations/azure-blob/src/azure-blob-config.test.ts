import { describe, expect, it } from '@jest/globals';
import { validate } from 'class-validator';

import { AzureBlobConfig } from './azure-blob-config.ts';

/** What is wrong with a config, by key. */
async function flaws(config: object): Promise<Record<string, string>> {
  const errors = await validate(Object.assign(new AzureBlobConfig(), config));
  return Object.fromEntries(errors.map(({ property, constraints }) => [property, Object.values(constraints!).join('; ')]));
}

const path = 'az://container/prefix';
const account = 'mortise';

describe('the config of an Azure Blob store', () => {
  it.each([
    { account },
    { accountUrl: 'https://mortise.blob.core.windows.net' },
    { account, accountUrl: 'http://127.0.0.1:10000/mortise', accountKey: 'a2V5' },
    { account, sasToken: '?sv=2026-10-06&sig=x%3D' },
    { accountUrl: 'https://blob.example.com', sasToken: 'sv=2026-10-06&sig=x' },
    { connectionString: 'AccountName=mortise;AccountKey=a2V5' },
    { account, maxConcurrency: 8, partSize: 1 << 20, timeoutMs: 5_000 },
  ])('takes %j', async (right) => expect(await flaws({ path, ...right })).toEqual({}));

  it.each(['container/x', 'az://', 'az://ab', 'az://Container', 'az://-ab', 'az://a--b', 'az://c/x', 'az://box//x', 'az://box/../x', 7])(
    'refuses the path %j',
    async (wrong) => expect((await flaws({ path: wrong, account }))['path']).toMatch(/must be az:\/\/CONTAINER/),
  );

  it('refuses the paths of other tools, and says how they are written here', async () => {
    for (const wrong of ['abfs://box@mortise.dfs.core.windows.net/x', 'wasbs://box@x/y', 'https://mortise.blob.core.windows.net/box'])
      expect((await flaws({ path: wrong, account }))['path']).toMatch(/must be az:\/\/CONTAINER or az:\/\/CONTAINER\/PREFIX/);
  });

  it('says what is missing or too much, and shows no secret', async () => {
    const of = async (given: object): Promise<string | undefined> => (await flaws({ path, ...given }))['path'];
    expect(await of({})).toBe('needs "account", "accountUrl" or "connectionString" beside it');
    expect(await of({ account, accountKey: 'pa55', sasToken: 'sig=pa55' })).toBe('needs one of "accountKey" and "sasToken", not both');
    expect(await of({ accountUrl: 'https://x.example.com', accountKey: 'pa55' })).toMatch(/needs the name of the account in "account"/);
    expect(await of({ connectionString: 'pa55', account })).toBe('needs no other account or credentials beside "connectionString"');
  });

  it.each(['mortise.blob.core.windows.net', 'ftp://x', 'https://ann:pa55@x', 'https://x/?sig=pa55', 7])(
    'refuses the accountUrl %s, without telling it',
    async (wrong) => {
      const { accountUrl: said } = await flaws({ path, accountUrl: wrong });
      expect(said).toMatch(/must be an http or https URL/);
      expect(said).not.toContain('pa55');
    },
  );

  it.each([
    { partSize: 1_000 },
    { partSize: 1.5 },
    { maxConcurrency: 0 },
    { timeoutMs: 0 },
    { sasToken: 'pa55' },
    { account: 'My-Account' },
    { accountKey: '' },
  ])('refuses %j', async (wrong) => {
    const found = await flaws({ path, account, ...wrong });
    expect(Object.keys(found)).toEqual(Object.keys(wrong));
    expect(Object.values(found).join()).not.toContain('pa55');
  });
});
