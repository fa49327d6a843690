import { describe, expect, it } from '@jest/globals';

import { accessOf } from './access.ts';

const blobCore = { url: 'https://mortise.blob.core.windows.net', host: 'mortise.blob.core.windows.net' };
const sharedKey = { account: 'mortise', key: 'a2V5==' };
const sasToken = 'sv=2026-10-06&se=2030-01-01T00%3A00%3A00Z&sig=x%3D';
const expires = Date.UTC(2030, 0, 1);

describe('where an account is, and how it is entered', () => {
  it('is told by its name or its URL, and a key, a SAS token or nothing', () => {
    expect(accessOf({ account: 'mortise', accountKey: 'a2V5==' })).toEqual({ ...blobCore, by: 'accountKey', sharedKey });
    expect(accessOf({ account: 'mortise', sasToken: `?${sasToken}` })).toEqual({ ...blobCore, by: 'sasToken', sasToken, expires });
    expect(accessOf({ account: 'mortise' })).toEqual({ ...blobCore, by: 'identity' });
    expect(accessOf({ accountUrl: 'http://127.0.0.1:10000/mortise/' })).toEqual({
      url: 'http://127.0.0.1:10000/mortise',
      host: '127.0.0.1:10000',
      by: 'identity',
    });
  });

  it.each([
    'DefaultEndpointsProtocol=https;AccountName=mortise;AccountKey=a2V5==;EndpointSuffix=core.windows.net',
    'AccountName=mortise;AccountKey=a2V5==',
    'BlobEndpoint=https://mortise.blob.core.windows.net/;AccountName=mortise;AccountKey=a2V5==;',
  ])('is told by the connection string %s', (connectionString) => {
    expect(accessOf({ connectionString })).toEqual({ ...blobCore, by: 'connectionString', sharedKey });
  });

  it('is told by a connection string with a SAS token', () => {
    const connectionString = `BlobEndpoint=https://mortise.blob.core.windows.net/;QueueEndpoint=https://x/;SharedAccessSignature=${sasToken}`;
    expect(accessOf({ connectionString })).toEqual({ ...blobCore, by: 'connectionString', sasToken, expires });
  });

  it.each([
    'pa55',
    'AccountKey=pa55',
    'AccountName=mortise;AccountKey=',
    'BlobEndpoint=pa55;AccountKey=pa55',
    'UseDevelopmentStorage=true',
  ])('is not told by the connection string %s, which is not shown', (connectionString) => {
    const said = (() => {
      try {
        return JSON.stringify(accessOf({ connectionString }));
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(said).toMatch(/^the connection string (has neither|says neither) /);
    expect(said).not.toContain('pa55');
  });
});
