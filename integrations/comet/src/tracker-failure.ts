import { Permanent, Transient } from '@mortise/core';

import { isCometError, type CometError, type CometErrorKind } from './client/comet-error.ts';

const MAY_PASS: readonly CometErrorKind[] = ['unreachable', 'timeout', 'busy', 'server'];

const ADVICE: { [kind in CometErrorKind]?: string } = {
  unauthorized: 'check apiKey, or COMET_API_KEY',
  forbidden: 'ask for the permission there, or check workspace',
  missing: 'check urlOverride, or COMET_URL_OVERRIDE',
  protocol: 'check urlOverride, or COMET_URL_OVERRIDE',
};

/**
 * Calls Comet. What fails becomes `Transient`, which core tries again, or `Permanent`; an aborted signal stays what it is. `within` a run that is open, what is no
 * answer of Comet's passes too: something between us and it answered, and nothing is wrong with what was sent.
 */
export async function atComet<T>(call: () => Promise<T>, within: 'a run' | 'none' = 'none'): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isCometError(error) ? trackerFailure(error, within === 'a run') : error;
  }
}

function trackerFailure(error: CometError, isOpen: boolean): Transient | Permanent {
  const { kind, message, retryAfter } = error;
  if (MAY_PASS.includes(kind) || (isOpen && kind === 'protocol'))
    return new Transient(message, { cause: error, ...(retryAfter !== undefined && { retryAfter }) });
  const advice = ADVICE[kind];
  return new Permanent(advice === undefined ? message : `${message}: ${advice}`, { cause: error });
}
