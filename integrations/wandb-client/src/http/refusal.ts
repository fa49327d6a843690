import { fieldsOf, kindOfStatus, oneLine, redirectTarget, retryAfter, storageCode, type Refused } from '@mortise/http-client';

import { WandbError, type WandbErrorKind } from '../wandb-error.ts';

/** The error of an answer whose status is not 2xx. */
export function refusal(refused: Refused, secrets: readonly string[]): WandbError {
  const { server, call, status, headers } = refused;
  if (status < 400) return redirection(refused);
  const said = whatIsSaid(refused.said);
  const passes = storageCode(refused.said)?.mayPass === true || isConflict(refused);
  const kind = passes ? 'busy' : (kindOfStatus(status) ?? (status === 404 || status === 410 ? 'not-found' : 'invalid'));
  const message = oneLine(`${WORDS[kind] ?? 'refused'} ${call}${said === undefined ? '' : `: ${said}`}`, secrets);
  return new WandbError(kind, `${server} ${message} (${status})`, { status, retryAfter: retryAfter(headers.get('retry-after')) });
}

/** Of two that make a run in a project that is not there yet, one comes too early. The vendor's own client tries this call again, and no other. */
function isConflict({ call, status }: Refused): boolean {
  return status === 409 && call === 'UpsertBucket';
}

const WORDS: Partial<Record<WandbErrorKind, string>> = {
  unauthorized: 'does not know this API key;',
  forbidden: 'does not allow',
  'not-found': 'does not have what was asked for by',
  busy: 'asks to come back later for',
  server: 'failed at',
};

function redirection(refused: Refused): WandbError {
  const { server, call, status } = refused;
  const target = redirectTarget(refused) ?? 'elsewhere';
  return new WandbError('protocol', `${server} answers ${call} with a redirect to ${target}, which is not followed (${status})`, {
    status,
  });
}

/** The message of a GraphQL answer or of the plain API, the code of a storage; nothing of a page. */
function whatIsSaid(text: string): string | undefined {
  const fields = fieldsOf(text);
  if (fields === undefined) return /^\s*</.test(text) || text.trim() === '' ? storageCode(text)?.code : text;
  const { error, message, errors } = fields;
  const first: unknown = Array.isArray(errors) ? (errors as { message?: unknown }[])[0]?.message : undefined;
  return [first, error, message].find((said): said is string => typeof said === 'string' && said !== '');
}
