import { fieldsOf, kindOfStatus, oneLine, redirectTarget, retryAfter, type Refused } from '@mortise/http-client';

import { MlflowError, type MlflowErrorKind } from '../mlflow-error.ts';
import { withoutStatements } from './without-statements.ts';

/** What the server said, as far as it can be read. */
interface Said {
  errorCode?: string;
  message?: string;
}

/** The error of an answer that is not what was asked for. */
export function refusal(refused: Refused, secrets: readonly string[]): MlflowError {
  const { server, status, headers } = refused;
  const said = whatIsSaid(refused.said, headers.get('content-type') ?? '');
  const kind = kindOf(status, said);
  const errorCode = said.errorCode === undefined ? undefined : oneLine(said.errorCode, secrets);
  const answer = [status, errorCode].filter((part) => part !== undefined).join(' ');
  const message = oneLine(withoutStatements(wording(kind, refused, said.message)), secrets);
  return new MlflowError(kind, `${server}: ${message} (${answer})`, {
    status,
    errorCode,
    retryAfter: retryAfter(headers.get('retry-after')),
  });
}

const CONFLICT = /UNIQUE constraint|duplicate key|Duplicate entry/i;

function kindOf(status: number, { errorCode, message = '' }: Said): MlflowErrorKind {
  const told = kindOfStatus(status);
  if (told === 'unauthorized' || told === 'forbidden') return told;
  if (errorCode === 'RESOURCE_ALREADY_EXISTS' || (errorCode === 'BAD_REQUEST' && CONFLICT.test(message))) return 'exists';
  if (errorCode === 'TEMPORARILY_UNAVAILABLE' || /database is locked/i.test(message)) return 'busy';
  // A server without artifact proxy says 503 for good.
  if (status === 503 && /^Artifact serving/.test(message)) return 'protocol';
  // 501 without a word is that of a web server which does not know the method.
  if (told !== undefined && !(status === 501 && message === '')) return told;
  if (status === 413) return 'invalid';
  // What is not in MLflow's words is said by another service, or of a route that this server does not have.
  if (message === '' || (errorCode === undefined && [404, 405].includes(status))) return 'protocol';
  return status === 404 ? 'not-found' : 'invalid';
}

function wording(kind: MlflowErrorKind, refused: Refused, message: string | undefined): string {
  const { call, status } = refused;
  if (status < 400) return redirection(refused);
  const said = message === undefined ? '' : `: ${message}`;
  if (kind === 'unauthorized') return `does not know who asks, or the password or token is wrong; ${call} was refused${said}`;
  if (kind === 'forbidden') return `does not allow ${call}${said}`;
  if (kind === 'busy') return `asks to come back later for ${call}${said}`;
  if (kind === 'server') return `failed at ${call}${said}`;
  if (kind === 'protocol') return `does not know ${call} as MLflow does. Is it an MLflow tracking server?${said}`;
  return `refused ${call}${said}`;
}

function redirection(refused: Refused): string {
  const target = redirectTarget(refused);
  if (target === undefined) return `answered ${refused.call} with something that is not MLflow's`;
  return `answers ${refused.call} with a redirect to ${target}, which is not followed. Give that server's address, if it is yours`;
}

function whatIsSaid(text: string, contentType: string): Said {
  const fields = fieldsOf(text);
  if (fields !== undefined) {
    const { error_code: errorCode, message, detail } = fields;
    if (typeof errorCode === 'string') return { errorCode, message: typeof message === 'string' && message !== '' ? message : errorCode };
    if (typeof detail === 'string') return { message: detail };
    return {};
  }
  return contentType.startsWith('text/plain') && text.trim() !== '' && !text.trimStart().startsWith('<') ? { message: text } : {};
}
