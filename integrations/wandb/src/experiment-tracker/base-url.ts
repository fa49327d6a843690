/** An address to which paths can be added, and that may be printed. */
export const BASE_URL = /^https?:\/\/[^\s/?#@]+(?:\/[^\s?#@]*)?$/i;

export const BASE_URL_RULE = 'must be an address http(s)://HOST[:PORT][/PATH], without a user, a query or a fragment';
