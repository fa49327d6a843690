import { isError, isMortiseError, Permanent } from '../errors.ts';
import { redact } from '../secrets/redaction.ts';
import { needsMending } from './needs-mending.ts';

/** What keeps a tracker run from being delivered. */
export interface Failure {
  reason: string;
  /** What to do about it, where that is known; else it may pass. */
  advice?: string;
}

const MOST_SAID = 3;

export function failureOf(error: unknown): Failure {
  const advice = adviceOn(error);
  const reason = error !== null && typeof error === 'object' && 'message' in error ? String(error.message) : String(error);
  return { reason: redact(reason), ...(advice !== undefined && { advice: redact(advice) }) };
}

/** Different reasons, on one line. */
export function joinedReasons(reasons: Iterable<string>): string | undefined {
  const all = [...new Set(reasons)];
  if (all.length === 0) return undefined;
  return [...all.slice(0, MOST_SAID), ...(all.length > MOST_SAID ? [`and ${all.length - MOST_SAID} more`] : [])].join('; ');
}

function adviceOn(error: unknown): string | undefined {
  if (isMortiseError(error) && error.advice !== undefined) return error.advice;
  if (needsMending(error)) return 'Set right what it refers to.';
  return isError(error, Permanent) ? 'See to it that the tracker accepts them.' : undefined;
}
