import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccountSASPermissions, BlobServiceClient, ContainerSASPermissions, StorageSharedKeyCredential } from '@azure/storage-blob';
import { canStart } from '@mortise/test-servers';

import type { AzureBlobConfig } from './azure-blob-config.ts';
import { bytesOf, linesOf } from '@mortise/object-storage/testing';
import { realContainer, type RealContainer } from './testing/real-container.ts';

(canStart('azurite') ? describe : describe.skip)('what an Azure Blob server refuses', () => {
  let container: RealContainer;
  let service: BlobServiceClient;
  beforeAll(async () => {
    container = await realContainer();
    const { url, account, accountKey } = container.server;
    service = new BlobServiceClient(`${url}/${account}`, new StorageSharedKeyCredential(account, accountKey));
  });
  afterAll(() => container?.stop());

  const lines = async (changed: Partial<AzureBlobConfig>, ...secrets: string[]): Promise<string[]> =>
    linesOf(await container.open(changed), container.server.accountKey, ...secrets);

  /** The same place with a SAS token of the container in place of the key. */
  async function bySas(permissions: string, expiresOn = new Date(Date.now() + 600_000)): Promise<Partial<AzureBlobConfig>> {
    const { path, accountUrl } = container.config;
    const client = service.getContainerClient(container.server.container);
    const url = await client.generateSasUrl({ permissions: ContainerSASPermissions.parse(permissions), expiresOn });
    return { path: path!, accountUrl: accountUrl!, sasToken: new URL(url).search };
  }
  const openBySas = async (...args: Parameters<typeof bySas>) => container.open({ ...NO_KEY, ...(await bySas(...args)) });

  it('is told of a container that is not there, by every call', async () => {
    for (const line of await lines({ path: 'az://no-such-container/x' }))
      expect(line).toMatch(
        /^ARTIFACT_STORE_FAILED: the artifact store "team" failed .*: there is no container "no-such-container" at 127\.0\.0\.1:\d+\. Create the container/,
      );
  });

  it('is told of a wrong key, without the key', async () => {
    const accountKey = Buffer.from('pa55word').toString('base64');
    for (const line of await lines({ accountKey }, accountKey, 'pa55word'))
      expect(line).toMatch(/does not accept the account key, or refuses .*\. Check it: .* --accountKey=\{\{secret\.NAME\.KEY\}\}$/);
  });

  it('is told of an account that is not there', async () => {
    const accountUrl = `${container.proxy.url}/nobody`;
    for (const line of await lines({ account: 'nobody', accountUrl }))
      expect(line).toMatch(/there is no container ".*" at|there is no such/);
  });

  it('is told of a SAS token that has expired, and of one that is wrong, without the token', async () => {
    const { sasToken } = await bySas('racwdl', new Date(Date.now() - 60_000));
    const signature = new URLSearchParams(sasToken).get('sig')!;
    const expired = await linesOf(await openBySas('racwdl', new Date(Date.now() - 60_000)), signature, encodeURIComponent(signature));
    for (const line of expired) expect(line).toMatch(/the SAS token expired at .*Z\. Give a new one: .* --sasToken=/);
    const wrong = { ...(await bySas('racwdl')), sasToken: 'sv=2026-10-06&sr=c&sp=racwdl&se=2999-01-01T00%3A00%3A00Z&sig=pa55word' };
    for (const line of await linesOf(await container.open({ ...NO_KEY, ...wrong }), 'pa55word'))
      expect(line).toMatch(/does not accept the SAS token.*\. Check it: .* --sasToken=/);
  });

  it('is told of what these credentials may not do', async () => {
    const [put, get, stat, list, remove, check] = await linesOf(await openBySas('l'));
    for (const line of [put, get, remove, check])
      expect(line).toMatch(/refuses it to these credentials\. Allow these credentials to read, add/);
    expect(stat).toMatch(/refuses it to these credentials|does not accept the SAS token/);
    expect(list).toBe('no error');
  });

  it('is nothing of what a check does in a place that is as it should be, whichever way it is entered', async () => {
    const { account, accountKey } = container.server;
    const { path, accountUrl } = container.config;
    const accountSas = service.generateAccountSasUrl(new Date(Date.now() + 600_000), AccountSASPermissions.parse('rwdlac'), 'sco');
    const ways: Partial<AzureBlobConfig>[] = [
      { account, accountKey, accountUrl: accountUrl! },
      { accountUrl: accountUrl!, sasToken: new URL(accountSas).search },
      await bySas('racwdl'),
      { connectionString: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};BlobEndpoint=${accountUrl}/;` },
      { connectionString: `BlobEndpoint=${accountUrl};SharedAccessSignature=${new URL(accountSas).search.slice(1)}` },
    ];
    const ids = new Set<string>();
    for (const way of ways) {
      const store = await container.open({ ...NO_KEY, ...way, path: path! });
      await store.check(AbortSignal.timeout(60_000));
      expect(await store.list('')).toEqual({ items: [] });
      ids.add(store.id);
    }
    expect(ids.size).toBe(1);
  });

  it('is a URL that has expired, or was changed', async () => {
    const store = await container.open();
    await store.put('signed', Buffer.from('text'));
    await store.put('signet', Buffer.from('other'));
    const url = await store.presign!('signed', 600);
    expect(await (await fetch(url)).text()).toBe('text');
    expect((await fetch(url.replace('signed', 'signet'))).status).toBe(403);
    const short = await store.presign!('signed', 1);
    await delay(3_000);
    expect((await fetch(short)).status).toBe(403);
    expect((await fetch(url)).status).toBe(200);
    expect((await bytesOf(store.get('signed'))).toString()).toBe('text');
  });
});

const NO_KEY = { account: undefined, accountKey: undefined, accountUrl: undefined } as unknown as Partial<AzureBlobConfig>;
