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
