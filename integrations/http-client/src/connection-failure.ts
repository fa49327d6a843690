import { oneLine } from './one-line.ts';
import { StrangeStatus } from './tls-fetch.ts';

/**
 * Why there was no answer: `unreachable`, no connection, or it broke; `timeout`, nothing came in time; `untrusted`, the server's certificate;
 * `protocol`, what answers does not speak HTTP, or TLS.
 */
export type NoAnswerKind = 'unreachable' | 'timeout' | 'untrusted' | 'protocol';

export interface NoAnswer {
  kind: NoAnswerKind;
  /** One line, whole. */
  message: string;
}

/** What the person who uses a client can be told. */
export interface FailureWords {
  /** What helps where the certificate of an authority is missing. */
  trustAdvice: string;
  /** In no message. */
  secrets?: readonly string[];
}

const UNTRUSTED = /CERT|SELF_SIGNED|LEAF_SIGNATURE|UNABLE_TO_/;
const OTHER_HOST = 'ERR_TLS_CERT_ALTNAME_INVALID';
const SPEAKS_NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|EPROTO/;
const TOOK_TOO_LONG = /TIMEOUT|ETIMEDOUT/;
const NOT_HTTP = /^HPE_/;
const CLOSED = /^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/;

/** What to say of a request that ended without an answer. */
export function connectionFailure(server: string, error: unknown, { trustAdvice, secrets = [] }: FailureWords): NoAnswer {
  const code = codeOf(error) ?? '';
  const why = code || oneLine(rootOf(error).message, secrets);
  if (error instanceof StrangeStatus) return { kind: 'protocol', message: `${server} does not answer in HTTP (${why})` };
  if (UNTRUSTED.test(code)) {
    const advice = code === OTHER_HOST ? 'It is that of another host name' : trustAdvice;
    return { kind: 'untrusted', message: `${server} has a certificate that is not trusted here (${why}). ${advice}` };
  }
  if (SPEAKS_NO_TLS.test(code))
    return { kind: 'protocol', message: `${server} does not speak TLS (${why}). Its address may begin with http:// instead of https://` };
  // From Node 24 on the parser of `fetch` may leave out its code.
  if (NOT_HTTP.test(code) || rootOf(error).name === 'HTTPParserError')
    return {
      kind: 'protocol',
      message: `${server} does not answer in HTTP (${why}). Its address may begin with https:// instead of http://`,
    };
  if (TOOK_TOO_LONG.test(code)) return { kind: 'timeout', message: `${server} did not answer in time (${why})` };
  return { kind: 'unreachable', message: `${server} cannot be reached (${why})` };
}

/** Did the other side close the connection before it answered? */
export function wasClosed(error: unknown): boolean {
  return CLOSED.test(codeOf(error) ?? '');
}

/** Did `fetch` end it for a redirect, which it was told not to follow? It does not say where to. */
export function wasRedirected(error: unknown): boolean {
  return codeOf(error) === undefined && /\bredirect\b/.test(rootOf(error).message);
}

/** The system's or the parser's code, which `fetch` hides among causes. */
function codeOf(error: unknown): string | undefined {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 5; at = (at as { cause?: unknown }).cause, depth++) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string' && code !== '') return code;
  }
  return undefined;
}

/** The innermost cause. */
function rootOf(error: unknown): { name: unknown; message: string } {
  let at = error;
  while (typeof at === 'object' && at !== null && (at as Error).cause !== undefined) at = (at as Error).cause;
  const { name, message } = (at ?? {}) as { name?: unknown; message?: unknown };
  return { name, message: typeof message === 'string' && message !== '' ? message : 'the connection broke' };
}
