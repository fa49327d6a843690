/**
 * What kind of failure it is. `unreachable`, `timeout`, `busy`, `server`: may pass. `unauthorized`, `forbidden`: the key. `missing`: the server has no such route or
 * experiment. `invalid`: it refuses what was asked. `protocol`: the answer is none of Comet's.
 */
export type CometErrorKind =
  'unreachable' | 'timeout' | 'busy' | 'server' | 'unauthorized' | 'forbidden' | 'missing' | 'invalid' | 'protocol';

export interface CometErrorFacts {
  /** HTTP status. */
  status?: number;
  /** ms that the server asks to wait. */
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** A call of Comet that failed. Its message is one line and never holds the API key. */
export class CometError extends Error {
  readonly kind: CometErrorKind;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;

  constructor(kind: CometErrorKind, message: string, { status, retryAfter, cause }: CometErrorFacts = {}) {
    super(message, { cause });
    this.name = 'CometError';
    this.kind = kind;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export function isCometError(error: unknown): error is CometError {
  return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'CometError' && 'kind' in error;
}
