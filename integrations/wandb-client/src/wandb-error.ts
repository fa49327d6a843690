/**
 * - `unreachable`: no connection, or it broke. `timeout`: no answer in time. `untrusted`: the server's certificate is not trusted.
 * - `unauthorized` (401), `forbidden` (403), `not-found` (404): as the server says.
 * - `invalid`: refused by the server for what was asked, or by this client (then `status` is undefined): before anything was sent, or since a file changed
 *   while it was read.
 * - `busy`: asked to come back later (408, 429, 503), another one makes a run at the same moment (409), or the address of an upload has expired.
 *   `server`: any other 5xx.
 * - `protocol`: the answer is none of Weights & Biases': HTML, another service, a redirect.
 */
export type WandbErrorKind =
  'unreachable' | 'timeout' | 'untrusted' | 'unauthorized' | 'forbidden' | 'not-found' | 'invalid' | 'busy' | 'server' | 'protocol';

export interface WandbErrorDetails {
  status?: number | undefined;
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** Recognised by a marker and not by `instanceof`, so that two copies of this package agree. */
const MARK = Symbol.for('mortise.wandb-error.v1');

const MAY_PASS: readonly WandbErrorKind[] = ['unreachable', 'timeout', 'busy', 'server'];

/** What went wrong, in one line without HTML and without the key. */
export class WandbError extends Error {
  readonly kind: WandbErrorKind;
  /** Of the HTTP answer; undefined without one. */
  readonly status: number | undefined;
  /** What the server's `Retry-After` asks for, ms. */
  readonly retryAfter: number | undefined;

  constructor(kind: WandbErrorKind, message: string, { status, retryAfter, cause }: WandbErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'WandbError';
    this.kind = kind;
    this.status = status;
    this.retryAfter = retryAfter;
    Object.defineProperty(this, MARK, { value: true });
  }

  /** May the same call succeed later? */
  get mayPass(): boolean {
    return MAY_PASS.includes(this.kind);
  }
}

/** True for errors of this package, also those of another copy of it. */
export function isWandbError(error: unknown): error is WandbError {
  return typeof error === 'object' && error !== null && MARK in error;
}
