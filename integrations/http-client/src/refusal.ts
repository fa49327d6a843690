import { oneLine } from './one-line.ts';

/** What a status says by itself; undefined for one of the client's faults that each service means in its own way. */
export type StatusKind = 'unauthorized' | 'forbidden' | 'busy' | 'server' | 'protocol';

export function kindOfStatus(status: number): StatusKind | undefined {
  if (status < 400) return 'protocol';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if ([408, 425, 429, 503].includes(status)) return 'busy';
  return status >= 500 ? 'server' : undefined;
}

/** Where an answer redirects to, without what may be secret; undefined if it does not. */
export function redirectTarget({ status, headers }: { status: number; headers: Headers }): string | undefined {
  const location = headers.get('location');
  if (status < 300 || status >= 400 || location === null) return undefined;
  return oneLine(location.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//'));
}

/** The fields of a body that is a JSON object; undefined for all else. */
export function fieldsOf(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Of S3 and its like, for a body that stood still or was cut off, for an upload that is not there any more, and for an address whose credentials have
 * expired: the next one may go through.
 */
const PASSING = ['RequestTimeout', 'IncompleteBody', 'BadDigest', 'NoSuchUpload', 'OperationAborted', 'ExpiredToken'];

/** An address that was signed for a time which is over: S3 has no code of its own for that, nor has Azure. */
const EXPIRED = /<Message>Request has expired\.?<\/Message>|Signature not valid in the specified time frame/;

/** The code in what a storage like S3 says, in XML; undefined if it says none. The rest may hold what the request was signed with, and is for no message. */
export function storageCode(said: string): { code: string; mayPass: boolean } | undefined {
  const [, code] = /<Code>(\w{1,60})<\/Code>/.exec(said) ?? [];
  return code === undefined ? undefined : { code, mayPass: PASSING.includes(code) || EXPIRED.test(said) };
}
