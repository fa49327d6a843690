import { GcsFailure, type FailureKind } from './gcs-failure.ts';

/** Who was asked, for messages. */
export interface Asked {
  bucket: string;
  /** `Google Cloud Storage`, or the host of the endpoint. */
  server: string;
  /** Without credentials. */
  anonymous: boolean;
}

const SYSTEM: Record<string, [FailureKind, string]> = {
  ECONNREFUSED: ['unreachable', 'cannot be reached: nothing listens there (ECONNREFUSED)'],
  EHOSTUNREACH: ['unreachable', 'cannot be reached: there is no way to this host (EHOSTUNREACH)'],
  ENETUNREACH: ['unreachable', 'cannot be reached: there is no way to this network (ENETUNREACH)'],
  EADDRNOTAVAIL: ['unreachable', 'cannot be reached: this host has no free port (EADDRNOTAVAIL)'],
  EAI_AGAIN: ['unreachable', 'cannot be reached: names of hosts cannot be looked up now (EAI_AGAIN)'],
  ENOTFOUND: ['unresolved', 'cannot be reached: there is no host of this name (ENOTFOUND)'],
  EPROTO: ['not-gcs', 'does not speak TLS: http instead of https?'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['not-gcs', 'does not speak TLS: http instead of https?'],
  ETIMEDOUT: ['timeout', 'did not answer in time'],
  UND_ERR_CONNECT_TIMEOUT: ['timeout', 'did not answer in time'],
  UND_ERR_HEADERS_TIMEOUT: ['timeout', 'did not answer in time'],
  UND_ERR_BODY_TIMEOUT: ['timeout', 'did not answer in time'],
};

/** Why no answer came, or not all of it. */
export function failureOfConnection(error: unknown, { server }: Asked): GcsFailure {
  const code = codesOf(error).find((each) => each !== '') ?? '';
  const known = SYSTEM[code];
  if (known !== undefined) return new GcsFailure(known[0], `${server} ${known[1]}`);
  if (code.startsWith('HPE_')) return new GcsFailure('not-gcs', `${server} is no GCS server: it does not speak HTTP, or only https`);
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code))
    return new GcsFailure('untrusted', `the certificate of ${server} is not trusted (${code})`);
  return new GcsFailure('cut', `${server} ended the connection${code === '' ? '' : ` (${code})`}`);
}

/** fetch wraps what happened in errors that say nothing. */
export function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at = error; typeof at === 'object' && at !== null && codes.length < 10; at = (at as { cause?: unknown }).cause) {
    const { code, name } = at as { code?: unknown; name?: unknown };
    codes.push(typeof code === 'string' ? code : name === 'HTTPParserError' ? 'HPE_INVALID' : '');
  }
  return codes;
}

/** What GCS says of a request that it refuses. */
interface Refusal {
  message: string;
  reason: string;
}

/** Why an answer is none that was wanted. `text` is its body. */
export function failureOfStatus(status: number, text: string, asked: Asked): GcsFailure {
  const { server, bucket, anonymous } = asked;
  const refusal = refusalIn(text);
  const reason = refusal?.reason ?? '';
  if (status === 412) return new GcsFailure('precondition', 'there is such an object already');
  if (status === 416) return new GcsFailure('bad-range', 'the object has no such bytes');
  if (status === 429 || status === 408 || status >= 500 || /rateLimitExceeded/i.test(reason))
    return new GcsFailure('busy', `${server} answered ${status}${reason === '' ? '' : ` ${reason}`}`);
  if (looksForeign(text) || (status >= 300 && status < 400))
    return new GcsFailure('not-gcs', `${server} is no GCS server: it answered ${status}`);
  if (status === 404)
    return /bucket does not exist/i.test(refusal?.message ?? '')
      ? noBucket(asked)
      : new GcsFailure('not-found', `${server} has no such object`);
  if (status === 401)
    return anonymous
      ? new GcsFailure('no-credentials', `${server} wants credentials for the bucket "${bucket}"`)
      : new GcsFailure('expired', `to ${server} the credentials are not valid, or have expired`);
  const [permission] = /storage\.[a-z]+\.[a-zA-Z]+/.exec(refusal?.message ?? '') ?? [];
  // Where no permission is named, the bill may be unpaid, or a retention forbid it.
  if (status === 403 && (permission !== undefined || refusal === undefined)) {
    return new GcsFailure(
      'denied',
      `${server} refuses ${permission ?? 'it'} ${anonymous ? 'without credentials' : 'to these credentials'}`,
    );
  }
  return new GcsFailure('refused', `${server} answered ${status}${refusal === undefined ? '' : `: ${oneLine(refusal.message)}`}`);
}

export const noBucket = ({ bucket, server }: Asked): GcsFailure =>
  new GcsFailure('no-bucket', `there is no bucket "${bucket}" at ${server}`);

function refusalIn(text: string): Refusal | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string; errors?: { reason?: string }[] } };
    return error && { message: String(error.message ?? ''), reason: String(error.errors?.[0]?.reason ?? '') };
  } catch {
    // Not JSON: GCS sends plain text where bytes were asked for.
    return undefined;
  }
}

const looksForeign = (text: string): boolean => /^\s*<(!doctype|html)/i.test(text);

function oneLine(text: string): string {
  const line = text.split('\n', 1)[0]!.trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}
