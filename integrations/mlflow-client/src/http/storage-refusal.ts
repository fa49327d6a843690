import { kindOfStatus, oneLine, retryAfter, type Refused } from '@mortise/http-client';

import { MlflowError, type MlflowErrorKind } from '../mlflow-error.ts';

/** Of S3 and its like, for a body that stood still or was cut off, and for an upload that is not there any more: the next one may go through. */
const PASSING = ['RequestTimeout', 'IncompleteBody', 'BadDigest', 'NoSuchUpload', 'OperationAborted'];

/**
 * The error of the storage behind the server, which does not speak as MLflow does. Of what it says only the code is told: the rest may hold what the request
 * was signed with.
 */
export function storageRefusal({ server, call, status, headers, said }: Refused, secrets: readonly string[]): MlflowError {
  const [, errorCode] = /<Code>(\w{1,60})<\/Code>/.exec(said) ?? [];
  const kind = kindOf(status, errorCode);
  const answer = [status, errorCode].filter((part) => part !== undefined).join(' ');
  const message = oneLine(`${server} ${WORDS[kind] ?? 'refused'} ${call}`, secrets);
  return new MlflowError(kind, `${message} (${answer})`, { status, errorCode, retryAfter: retryAfter(headers.get('retry-after')) });
}

function kindOf(status: number, errorCode = ''): MlflowErrorKind {
  return PASSING.includes(errorCode) ? 'busy' : (kindOfStatus(status) ?? 'invalid');
}

const WORDS: Partial<Record<MlflowErrorKind, string>> = {
  forbidden: 'does not allow',
  busy: 'asks to come back later for',
  server: 'failed at',
  protocol: 'redirects',
};
