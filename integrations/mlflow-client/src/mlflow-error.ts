/**
 * - `unreachable`: no connection, or it broke. `timeout`: no answer in time. `untrusted`: the server's certificate is not trusted.
 * - `unauthorized` (401), `forbidden` (403), `not-found` (404 of a resource), `exists`: as the server says.
 * - `invalid`: refused by the server for what was asked, or by this client before anything was sent (then `status` is undefined).
 * - `busy`: asked to come back later (429, 503, a locked database). `server`: any other 5xx.
 * - `protocol`: the answer is none of MLflow's: HTML, another service, a redirect, a route that the server does not have.
 */
export type MlflowErrorKind =
  | 'unreachable'
  | 'timeout'
  | 'untrusted'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'exists'
  | 'invalid'
  | 'busy'
  | 'server'
  | 'protocol';

export interface MlflowErrorDetails {
  status?: number | undefined;
  errorCode?: string | undefined;
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** Recognised by a marker and not by `instanceof`, so that two copies of this package agree. */
const MARK = Symbol.for('mortise.mlflow-error.v1');

/** What went wrong, in one line without SQL, HTML and credentials. */
export class MlflowError extends Error {
  readonly kind: MlflowErrorKind;
  /** Of the HTTP answer; undefined without one. */
  readonly status: number | undefined;
  /** MLflow's own: `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE`, ... */
  readonly errorCode: string | undefined;
  /** What the server's `Retry-After` asks for, ms. */
  readonly retryAfter: number | undefined;

  constructor(kind: MlflowErrorKind, message: string, { status, errorCode, retryAfter, cause }: MlflowErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MlflowError';
    this.kind = kind;
    this.status = status;
    this.errorCode = errorCode;
    this.retryAfter = retryAfter;
    Object.defineProperty(this, MARK, { value: true });
  }
}

/** True for errors of this package, also those of another copy of it. */
export function isMlflowError(error: unknown): error is MlflowError {
  return typeof error === 'object' && error !== null && MARK in error;
}
