import { fieldsOf, kindOfStatus, oneLine, redirectTarget, retryAfter, type Refused } from '@mortise/http-client';

import { CometError, type CometErrorKind } from './comet-error.ts';

/** The error of an answer that is not 2xx. */
export function refusal(refused: Refused, secrets: readonly string[]): CometError {
  const { server, status, headers } = refused;
  const { msg, sdk_error_code: code } = fieldsOf(refused.said) ?? {};
  const kind = kindOf(status, code);
  const detail = typeof msg === 'string' && msg !== '' ? `: ${oneLine(msg, secrets)}` : '';
  return new CometError(kind, `${server} ${wordingOf(kind, refused)}${detail} (${status})`, {
    status,
    retryAfter: retryAfter(headers.get('retry-after')),
  });
}

/** Comet tells a key that it does not know with 400, and this number. */
const UNKNOWN_KEY = 90_212;

function kindOf(status: number, code: unknown): CometErrorKind {
  if (code === UNKNOWN_KEY) return 'unauthorized';
  if (status === 404 || status === 405) return 'missing';
  return kindOfStatus(status) ?? 'invalid';
}

function wordingOf(kind: CometErrorKind, refused: Refused): string {
  const { call } = refused;
  switch (kind) {
    case 'unauthorized':
      return `does not know the API key; ${call} was refused`;
    case 'forbidden':
      return `does not allow ${call} with this API key`;
    case 'missing':
      return `has no ${call}`;
    case 'busy':
      return `asks to come back later for ${call}`;
    case 'server':
      return `failed at ${call}`;
    case 'protocol':
      return `answers ${call} with a redirect${targetOf(refused)}, which is not followed`;
    default:
      return `refused ${call}`;
  }
}

function targetOf(refused: Refused): string {
  const target = redirectTarget(refused);
  return target === undefined ? '' : ` to ${target}`;
}
