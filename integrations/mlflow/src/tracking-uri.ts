/** What a `trackingUri` must be, in words that follow its name. They tell nothing of the value, which may hold a password. */
export const TRACKING_URI_RULE = 'must be an http or https URL without a user, a password, a query or a fragment';

export function isTrackingUri(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return ['http:', 'https:'].includes(protocol) && [username, password, search, hash].every((part) => part === '');
}
