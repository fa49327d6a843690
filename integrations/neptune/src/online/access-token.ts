/** Lets us in for a while. */
export interface AccessToken {
  value: string;
  /** ms since the epoch; undefined where the token does not say. */
  expiresAt: number | undefined;
}

/** As the Python client: a token that ends so soon, ms, is not used any more. */
const MARGIN_MS = 30_000;

export function accessToken(value: unknown): AccessToken | undefined {
  return typeof value === 'string' && value !== '' ? { value, expiresAt: expiryOf(value) } : undefined;
}

export function isExpired({ expiresAt }: AccessToken): boolean {
  return expiresAt !== undefined && expiresAt - MARGIN_MS <= Date.now();
}

/** `exp` of a JSON web token. Its signature is the server's to check. */
function expiryOf(token: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}
