import type { OutputFormat } from './print.ts';
import type { Core } from './project-core.ts';

/** Options of every command that lists. */
export interface ListOptions {
  output: OutputFormat;
  limit?: string | undefined;
  after?: string | undefined;
}

/** Those that the store takes. Throws `BadUsage`. */
export function listOptions({ limit, after }: Omit<ListOptions, 'output'>, { BadUsage }: Core): { limit?: number; after?: string } {
  const rows = limit === undefined ? undefined : Number(limit);
  if (rows !== undefined && !(Number.isInteger(rows) && rows >= 1 && rows <= 1000))
    throw new BadUsage({ what: `--limit is to be a whole number from 1 to 1000, not "${limit}"` });
  return { ...(rows !== undefined && { limit: rows }), ...(after !== undefined && { after }) };
}

/** How to see the rest of a list, if there is one. */
export function nextPageHint(next: string | null): string {
  return next === null ? '' : `\nthere are more: --after ${next}`;
}
