import type { Access } from './access.ts';
import { BlobFailure, type FailureKind } from './blob-failure.ts';

/** What errors of the SDK have; each part only some of them. */
interface SdkError {
  name?: string;
  message?: string;
  code?: string;
  statusCode?: number;
  response?: { headers?: { get(name: string): string | undefined } };
  details?: { authenticationErrorDetail?: string };
}

/** Who was asked, for messages. */
export type Asked = Pick<Access, 'host' | 'by' | 'expires'> & { container: string };

/** Why a call of the SDK failed. Nothing of its error is kept beside a line of what the server said: it holds the request. */
export function sdkFailure(thrown: unknown, asked: Asked): BlobFailure {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : { message: String(thrown) }) as SdkError;
  if (error.statusCode === undefined) return failureBelowHttp(error, asked);
  const { host } = asked;
  const status = error.statusCode;
  const header = (name: string): string | undefined => error.response?.headers?.get(name);
  const code = header('x-ms-error-code') ?? (error.code === 'PARSE_ERROR' ? undefined : error.code);
  const isOfAzure = header('x-ms-request-id') !== undefined;
  if (!isOfAzure && status !== 429 && status < 500)
    return new BlobFailure('not-azure', `${host} is no Azure Blob Storage: it answered ${status} without the id of a request`);
  const kind = (code === undefined ? undefined : kindOfCode(code)) ?? STATUSES[status] ?? (status >= 500 ? 'busy' : 'refused');
  if (kind === 'credentials') return failureOfCredentials(error, asked);
  const said = code === undefined ? '' : ` ${code}`;
  return new BlobFailure(kind, WORDS[kind]?.(asked) ?? `${host} answered ${status}${said}${kind === 'busy' ? '' : lineOf(error)}`);
}

const CODES: Record<string, FailureKind> = {
  BlobNotFound: 'not-found',
  BlobAlreadyExists: 'exists',
  ConditionNotMet: 'exists',
  // Who may create blobs and not write them
  UnauthorizedBlobOverwrite: 'exists',
  LeaseIdMissing: 'leased',
  InvalidRange: 'bad-range',
  InvalidBlockList: 'lost-blocks',
  InvalidBlobOrBlock: 'lost-blocks',
  ContainerNotFound: 'no-container',
  ContainerBeingDeleted: 'no-container',
  ResourceNotFound: 'no-container',
  AuthenticationFailed: 'credentials',
  InvalidAuthenticationInfo: 'credentials',
  // Of Azure also for networks that are kept out
  AuthorizationFailure: 'credentials',
  KeyBasedAuthenticationNotPermitted: 'denied',
  NoAuthenticationInformation: 'denied',
  PublicAccessNotPermitted: 'denied',
  InsufficientAccountPermissions: 'denied',
  AccountIsDisabled: 'denied',
};

/** AuthorizationPermissionMismatch and its kin. */
const kindOfCode = (code: string): FailureKind | undefined =>
  Object.hasOwn(CODES, code) ? CODES[code] : code.startsWith('Authorization') ? 'denied' : undefined;

/** The answer to HEAD has no body, and not all servers say the code in a header. */
const STATUSES: Record<number, FailureKind> = {
  401: 'credentials',
  403: 'credentials',
  404: 'not-found',
  412: 'exists',
  416: 'bad-range',
  429: 'busy',
};

const WORDS: Partial<Record<FailureKind, (asked: Asked) => string>> = {
  'not-found': () => 'there is no such blob',
  exists: () => 'there is such a blob already',
  'bad-range': () => 'the blob has no such bytes',
  leased: () => 'somebody holds a lease on the blob, which keeps others from changing it',
  'lost-blocks': () => 'another writer wrote the same blob meanwhile, and Azure dropped the blocks of this one',
  'no-container': ({ container, host }) => `there is no container "${container}" at ${host}`,
  denied: ({ host }) => `${host} refuses it to these credentials`,
};

const NAMES: Record<Access['by'], string> = {
  accountKey: 'the account key, or refuses requests of this network',
  sasToken: 'the SAS token, or refuses requests of this network',
  connectionString: 'the key or SAS token in the connection string, or refuses requests of this network',
  identity: 'the identity that was found on this host',
};

function failureOfCredentials({ details }: SdkError, { host, by, expires }: Asked): BlobFailure {
  if (expires !== undefined && expires < Date.now())
    return new BlobFailure('expired', `the SAS token expired at ${new Date(expires).toISOString()}`);
  if (/date header/i.test(details?.authenticationErrorDetail ?? ''))
    return new BlobFailure('clock', `the clock of this host differs too much from that of ${host}`);
  return new BlobFailure('credentials', `${host} does not accept ${NAMES[by]}`);
}

const SYSTEM: Record<string, [FailureKind, string]> = {
  ECONNREFUSED: ['unreachable', 'nothing listens there'],
  EHOSTUNREACH: ['unreachable', 'there is no way to this host'],
  ENETUNREACH: ['unreachable', 'there is no way to this network'],
  EADDRNOTAVAIL: ['unreachable', 'this host has no free port'],
  EAI_AGAIN: ['unreachable', 'names of hosts cannot be looked up now'],
  ENOTFOUND: ['unresolved', 'there is no host of this name'],
  EPROTO: ['not-azure', 'it does not speak TLS: http instead of https?'],
};

function failureBelowHttp({ name, message = '', code = '' }: SdkError, { host }: Asked): BlobFailure {
  const known = SYSTEM[code];
  if (known !== undefined) return new BlobFailure(known[0], `${host} cannot be reached: ${known[1]} (${code})`);
  if (code.startsWith('HPE_'))
    return new BlobFailure('not-azure', `${host} is no Azure Blob Storage: it does not speak HTTP, or only https`);
  // The latter two of the SDK, when an answer has no length or no ETag, or a list no blobs.
  if (code === 'PARSE_ERROR' || name === 'RangeError' || name === 'TypeError')
    return new BlobFailure('not-azure', `${host} is no Azure Blob Storage: its answer cannot be read`);
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL/.test(code))
    return new BlobFailure('untrusted', `the certificate of ${host} is not trusted (${code})`);
  // Its stream ends with an AbortError when a connection is cut.
  if (['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'REQUEST_SEND_ERROR'].includes(code) || name === 'AbortError')
    return new BlobFailure('cut', `${host} ended the connection`);
  if (code === 'ETIMEDOUT') return new BlobFailure('timeout', `${host} did not answer in time`);
  // Of @azure/identity, which tells all that it has tried in many lines.
  if (name === 'CredentialUnavailableError' || name === 'AggregateAuthenticationError' || name === 'AuthenticationError')
    return new BlobFailure('credentials', '@azure/identity found no identity on this host');
  return new BlobFailure('refused', oneLine(message) || 'the request failed');
}

const lineOf = ({ message = '' }: SdkError): string => (message === '' ? '' : `: ${oneLine(message)}`);

function oneLine(text: string): string {
  const line = text.split('\n', 1)[0]!.trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}
