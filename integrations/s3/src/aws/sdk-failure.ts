import { S3Failure, type FailureKind } from '../s3-failure.ts';

/** Who was asked, for messages. */
export interface Asked {
  bucket: string;
  /** `AWS`, or the host of the endpoint. */
  server: string;
  /** Answers have no body, as those to HEAD. */
  wordless?: boolean;
}

/** What errors of the SDK have; each part only some of them. */
interface SdkError {
  name?: string | undefined;
  message?: string | undefined;
  /** Of errors that a server sent as S3 does. */
  Code?: string | undefined;
  Region?: string | undefined;
  /** Of the system, TLS or HTTP. */
  code?: string | undefined;
  $metadata?: { httpStatusCode?: number | undefined };
  $response?: { headers?: Record<string, string | undefined> };
}

/** Why a call of the SDK failed. Nothing of its error is kept beside a line of what the server said: it holds the request's headers. */
export function sdkFailure(thrown: unknown, asked: Asked): S3Failure {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : { message: String(thrown) }) as SdkError;
  const status = error.$metadata?.httpStatusCode;
  const elsewhere = wrongRegion(error, status, asked) ?? redirected(error, status, asked);
  if (elsewhere !== undefined) return elsewhere;
  return failureOfCode(error, asked) ?? (status === undefined ? failureBelowHttp(error, asked) : failureOfStatus(error, status, asked));
}

/** By the codes of S3, which servers other than AWS have too. */
const CODES: Record<string, FailureKind> = {
  NoSuchKey: 'not-found',
  NoSuchBucket: 'no-bucket',
  NoSuchUpload: 'no-upload',
  InvalidRange: 'bad-range',
  ConditionalRequestConflict: 'conflict',
  OperationAborted: 'conflict',
  // versitygw, whose keys are paths
  ObjectParentIsFile: 'folder',
  ExistingObjectIsDirectory: 'folder',
  // MinIO
  XMinioObjectExistsAsDirectory: 'folder',
  XMinioParentIsObject: 'folder',
  AccessDenied: 'denied',
  AllAccessDisabled: 'denied',
  AccountProblem: 'denied',
  InvalidAccessKeyId: 'unknown-key',
  SignatureDoesNotMatch: 'wrong-secret',
  ExpiredToken: 'expired',
  InvalidToken: 'expired',
  TokenRefreshRequired: 'expired',
  RequestTimeTooSkewed: 'clock',
  CredentialsProviderError: 'no-credentials',
  SlowDown: 'busy',
  ServiceUnavailable: 'busy',
  InternalError: 'busy',
  RequestTimeout: 'timeout',
  BadDigest: 'damaged',
  XAmzContentSHA256Mismatch: 'damaged',
  XAmzContentChecksumMismatch: 'damaged',
  IncompleteBody: 'damaged',
};

const WORDS: Partial<Record<FailureKind, (asked: Asked) => string>> = {
  'not-found': () => 'there is no such object',
  'no-bucket': ({ bucket, server }) => `there is no bucket "${bucket}" at ${server}`,
  'no-upload': () => 'the upload is not there any more',
  'bad-range': () => 'the object has no such bytes',
  conflict: () => 'others write it at the same time',
  folder: () => 'it is the folder of another object',
  denied: ({ server }) => `${server} refuses it to these credentials`,
  'unknown-key': ({ server }) => `${server} knows no such access key`,
  'wrong-secret': ({ server }) => `to ${server} the secret does not belong to the access key`,
  expired: ({ server }) => `to ${server} the session token has expired or is not valid`,
  clock: ({ server }) => `the clock of this host differs too much from that of ${server}`,
  damaged: ({ server }) => `what arrived at ${server} is not what was sent`,
  'no-credentials': () => 'no credentials are given, and none were found where AWS tools have theirs',
};

function failureOfCode(error: SdkError, asked: Asked): S3Failure | undefined {
  const code = error.Code ?? error.name;
  if (code === 'PreconditionFailed') return failureOfPrecondition();
  const kind = code === undefined || !Object.hasOwn(CODES, code) ? undefined : CODES[code];
  if (kind === undefined)
    return error.message === 'Region is missing'
      ? new S3Failure('no-region', 'no region is given, and none was found where AWS tools have theirs')
      : undefined;
  return new S3Failure(kind, WORDS[kind]?.(asked) ?? `${asked.server} answered ${code}`);
}

/** Whether an object was there, or another one, is known to who asked. */
const failureOfPrecondition = (): S3Failure => new S3Failure('exists', 'there is such an object already');

/** Answers that are not those of S3, or have no body. */
function failureOfStatus(error: SdkError, status: number, asked: Asked): S3Failure {
  const { server, wordless = false } = asked;
  if (status === 412) return failureOfPrecondition();
  if (status === 409) return new S3Failure('conflict', WORDS.conflict!(asked));
  if (status === 416) return new S3Failure('bad-range', WORDS['bad-range']!(asked));
  // 501, of what does not know the method, is for good.
  const isBusy = status === 429 || (status >= 500 && status !== 501);
  if (isBusy) return new S3Failure('busy', `${server} answered ${status}${codeOf(error)}`);
  if (!isOfS3(error)) return new S3Failure('not-s3', `${server} is no S3 server: it answered ${status} with ${contentOf(error)}`);
  if (status === 404 && !wordless) return new S3Failure('not-s3', `${server} is no S3 server: it answered 404 without a reason`);
  if (status === 404) return new S3Failure('not-found', WORDS['not-found']!(asked));
  if (status === 401 || status === 403) return new S3Failure('denied', WORDS.denied!(asked));
  return new S3Failure('refused', `${server} answered ${status}${codeOf(error)}${said(error)}`);
}

/** S3 sends XML, or nothing at all to HEAD. */
function isOfS3(error: SdkError): boolean {
  const type = error.$response?.headers?.['content-type'] ?? '';
  return error.Code !== undefined || (!/html|json|text\/plain/.test(type) && error.name !== 'Error');
}

function contentOf({ $response }: SdkError): string {
  const [, kind = 'something else'] = /(html|json|plain)/.exec($response?.headers?.['content-type'] ?? '') ?? [];
  return kind === 'plain' ? 'plain text' : kind === 'something else' ? kind : kind.toUpperCase();
}

const SYSTEM: Record<string, [FailureKind, string]> = {
  ECONNREFUSED: ['unreachable', 'nothing listens there'],
  EHOSTUNREACH: ['unreachable', 'there is no way to this host'],
  ENETUNREACH: ['unreachable', 'there is no way to this network'],
  EADDRNOTAVAIL: ['unreachable', 'this host has no free port'],
  EAI_AGAIN: ['unreachable', 'names of hosts cannot be looked up now'],
  ENOTFOUND: ['unresolved', 'there is no host of this name'],
  EPROTO: ['not-s3', 'it does not speak TLS: http instead of https?'],
};

function failureBelowHttp(error: SdkError, { server }: Asked): S3Failure {
  const { name, message = '' } = error;
  const code = error.code ?? codeIn(message);
  const known = SYSTEM[code];
  if (known !== undefined) return new S3Failure(known[0], `${server} cannot be reached: ${known[1]} (${code})`);
  if (code.startsWith('HPE_') || message.includes('Parse Error'))
    return new S3Failure('not-s3', `${server} is no S3 server: it does not speak HTTP, or only https`);
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code))
    return new S3Failure('untrusted', `the certificate of ${server} is not trusted (${code})`);
  if (['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code))
    return new S3Failure('cut', `${server} ended the connection (${code})`);
  if (name === 'TimeoutError' || code === 'ETIMEDOUT' || message.includes('TimeoutError'))
    return new S3Failure('timeout', `${server} did not answer in time`);
  return new S3Failure('refused', oneLine(message) || 'the request failed');
}

/** The SDK keeps no more than the text of errors from another realm, as those of Node are in test runners. */
const codeIn = (message: string): string =>
  /\b(?:E[A-Z]{3,}(?:_[A-Z]+)*|HPE_[A-Z_]+|[A-Z_]*(?:CERT|SELF_SIGNED)[A-Z_]*)\b/.exec(message)?.[0] ?? '';

/** If the server complains of the region, with the name of the right one if it says that. */
function wrongRegion(error: SdkError, status: number | undefined, { bucket }: Asked): S3Failure | undefined {
  const code = error.Code ?? error.name ?? '';
  const named = error.$response?.headers?.['x-amz-bucket-region'];
  const said = error.Region ?? named ?? /expecting '([a-z0-9-]+)'/.exec(error.message ?? '')?.[1];
  const region = said !== undefined && /^[a-z0-9-]+$/i.test(said) ? said : undefined;
  const isWrong =
    ['PermanentRedirect', 'TemporaryRedirect', 'IllegalLocationConstraintException'].includes(code) ||
    (code === 'AuthorizationHeaderMalformed' && region !== undefined) ||
    // HEAD has no body to say it in.
    (error.Code === undefined && named !== undefined && [301, 307, 400].includes(status ?? 0));
  if (!isWrong) return undefined;
  return new S3Failure(
    'wrong-region',
    `the bucket "${bucket}" is in ${region === undefined ? 'another region' : `region ${region}`}`,
    region,
  );
}

/** If something before the server, or instead of it, sends us elsewhere. */
function redirected({ $response }: SdkError, status: number | undefined, { server }: Asked): S3Failure | undefined {
  const { location = '' } = $response?.headers ?? {};
  if (status === undefined || status < 300 || status > 399 || location === '') return undefined;
  const { origin, hostname } = URL.canParse(location) ? new URL(location) : { origin: '', hostname: '' };
  if (!/^[a-z0-9.:[\]-]+$/.test(hostname)) return new S3Failure('not-s3', `${server} is no S3 server: it redirects to another page`);
  return new S3Failure('redirected', `${server} redirects to ${origin}`, origin);
}

const codeOf = ({ Code }: SdkError): string => (Code === undefined ? '' : ` ${Code}`);
const said = ({ Code, message = '' }: SdkError): string => (Code === undefined || message === '' ? '' : `: ${oneLine(message)}`);

function oneLine(text: string): string {
  const line = text.split('\n', 1)[0]!.trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}
