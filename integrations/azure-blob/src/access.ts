import type { AzureBlobConfig } from './azure-blob-config.ts';
import { BlobFailure } from './blob-failure.ts';

/** Where an account is, and how it is entered. */
export interface Access {
  /** Of the account, without a query. */
  url: string;
  /** Of `url`, for messages. */
  host: string;
  /** The config key that has the credentials; `identity` is what @azure/identity finds. */
  by: 'accountKey' | 'sasToken' | 'connectionString' | 'identity';
  sharedKey?: { account: string; key: string };
  /** Without a question mark. */
  sasToken?: string;
  /** When the SAS token does, ms since the epoch. */
  expires?: number;
}

/** What the config says of the account. Throws `BlobFailure` for a connection string that is none. */
export function accessOf({ account = '', accountUrl, accountKey, sasToken, connectionString }: Partial<AzureBlobConfig>): Access {
  if (connectionString !== undefined) return accessIn(connectionString);
  const url = accountUrl ?? `https://${account}.blob.core.windows.net`;
  if (accountKey !== undefined) return { ...at(url), by: 'accountKey', sharedKey: { account, key: accountKey } };
  return sasToken === undefined ? { ...at(url), by: 'identity' } : { ...at(url), by: 'sasToken', ...signed(sasToken) };
}

/** Not by the SDK: its errors for what is wrong with one are not told apart from those of the network. */
function accessIn(connectionString: string): Access {
  const parts = new Map(
    connectionString.split(';').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    }),
  );
  const [account, key, sas] = ['AccountName', 'AccountKey', 'SharedAccessSignature'].map((name) => parts.get(name));
  const { DefaultEndpointsProtocol: protocol = 'https', EndpointSuffix: suffix = 'core.windows.net' } = Object.fromEntries(parts);
  const url = parts.get('BlobEndpoint') ?? (account && `${protocol}://${account}.blob.${suffix}`);
  if (!url || !/^https?:/.test(url) || !URL.canParse(url)) throw flaw('says neither AccountName nor BlobEndpoint');
  if (sas) return { ...at(url), by: 'connectionString', ...signed(sas) };
  if (!account || !key) throw flaw('has neither AccountName with AccountKey nor SharedAccessSignature');
  return { ...at(url), by: 'connectionString', sharedKey: { account, key } };
}

const flaw = (what: string): BlobFailure => new BlobFailure('credentials', `the connection string ${what}`);

function at(accountUrl: string): Pick<Access, 'url' | 'host'> {
  const { origin, host, pathname } = new URL(accountUrl);
  return { url: origin + pathname.replace(/\/+$/, ''), host };
}

function signed(token: string): Pick<Access, 'sasToken' | 'expires'> {
  const sasToken = token.replace(/^\?/, '');
  const expires = Date.parse(new URLSearchParams(sasToken).get('se') ?? '');
  return { sasToken, ...(!Number.isNaN(expires) && { expires }) };
}
