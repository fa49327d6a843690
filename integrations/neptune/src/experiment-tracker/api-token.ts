/** What an API token of Neptune says of its server: it is base64 of JSON. */
export interface TokenAddress {
  /** Without a `/` at its end. */
  server: string;
}

/** Undefined for what is no token. */
export function tokenAddress(token: string): TokenAddress | undefined {
  try {
    const parts = JSON.parse(Buffer.from(token.trim(), 'base64').toString('utf8')) as { api_url?: unknown; api_address?: unknown } | null;
    const given = [parts?.api_url, parts?.api_address].find((url): url is string => typeof url === 'string' && url !== '');
    if (given === undefined || !/^https?:$/.test(new URL(given).protocol)) return undefined;
    return { server: given.replace(/\/+$/, '') };
  } catch {
    return undefined;
  }
}
