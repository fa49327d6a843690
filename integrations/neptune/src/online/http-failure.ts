import { Permanent, Transient } from '@mortise/core';
import { fieldsOf, kindOfStatus, oneLine, retryAfter, storageCode, type Refused } from '@mortise/http-client';

/** The failure that an answer is which is not 2xx. */
export function refusalOf(refused: Refused, secrets: readonly string[]): Transient | Permanent {
  const { server, call, status, headers } = refused;
  const said = oneLine(saidBy(refused), secrets);
  const told = `${server} answers ${call} with ${status}${said === '' ? '' : `: ${said}`}`;
  if (storageCode(refused.said)?.mayPass === true) return new Transient(told);
  switch (kindOfStatus(status)) {
    case 'busy':
    case 'server': {
      const after = retryAfter(headers.get('retry-after'));
      return new Transient(told, after === undefined ? {} : { retryAfter: after });
    }
    case 'unauthorized':
      return new Permanent(`${told}: check the API token`);
    case 'forbidden':
      return new Permanent(`${told}: ask for the permission to write to the project`);
    case 'protocol':
      return new Permanent(`${told}, a redirect, which is not followed: check the address in the API token`);
  }
  if (status === 404) return new Permanent(`${told}: check the address in the API token, which must be that of a Neptune 3`);
  return new Permanent(told);
}

/** An answer that is none of Neptune's: of something in between, which may pass. */
export function strangeAnswer(server: string, call: string, cause?: unknown): Transient {
  return new Transient(`${server} answers ${call} with something that is not Neptune's`, { cause });
}

/** What a JSON error says, and the code of a storage; of pages and the like nothing. */
function saidBy({ said, headers }: Refused): string {
  const type = headers.get('content-type') ?? '';
  if (/^\s*</.test(said)) return storageCode(said)?.code ?? '';
  if (type.includes('html')) return '';
  if (!type.includes('json')) return said.replaceAll('\u{fffd}', ' ');
  const { message } = fieldsOf(said) ?? {};
  return typeof message === 'string' ? message : '';
}
