/** Where the server is that a key of the form `KEY*BASE64(JSON)` is for; undefined for others, and where it does not say. */
export function baseUrlOf(apiKey: string): string | undefined {
  const { baseUrl } = attributesOf(apiKey) ?? {};
  return typeof baseUrl === 'string' && isAddress(baseUrl) ? baseUrl : undefined;
}

/** What no message may hold: a server that knows a key by what is before its `*` repeats that alone. */
export function secretsOf(apiKey: string): string[] {
  const [bare = ''] = apiKey.split('*');
  return [apiKey, bare];
}

/** What is wrong with an API key, in words that follow its name and hold nothing of it; undefined for one that can be used. */
export function flawOfKey(apiKey: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(apiKey)) return 'has characters that no HTTP header takes, such as a space or a line break: copy it anew';
  const parts = apiKey.split('*').length;
  if (parts === 1) return undefined;
  if (parts > 2) return 'has more than one "*": copy it anew, whole';
  const attributes = attributesOf(apiKey);
  if (attributes === undefined)
    return 'says after its "*" nothing that can be read, and where its server is cannot be told: copy it anew, whole';
  const { baseUrl } = attributes;
  if (baseUrl === undefined || baseUrl === null || (typeof baseUrl === 'string' && isAddress(baseUrl))) return undefined;
  return 'says after its "*" an address of its server that is none: it must be http(s)://host[:port]';
}

function attributesOf(apiKey: string): { baseUrl?: unknown } | undefined {
  const [, encoded] = apiKey.split('*');
  // Comet's client takes it without its padding, too, and no other characters.
  if (encoded === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  try {
    const attributes: unknown = JSON.parse(Buffer.from(encoded, 'base64').toString());
    return typeof attributes === 'object' && attributes !== null && !Array.isArray(attributes) ? attributes : undefined;
  } catch {
    return undefined;
  }
}

function isAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
