import { oneLine } from '@mortise/http-client';

import { WandbError, type WandbErrorKind } from '../wandb-error.ts';
import type { Connection } from './connection.ts';

/** Sends one operation. Gives its data; throws what the server says instead. `document` begins with `query NAME` or `mutation NAME`. */
export async function graphql<T>(connection: Connection, document: string, variables: object, signal?: AbortSignal): Promise<T> {
  const operationName = /^\s*(?:query|mutation)\s+(\w+)/.exec(document)?.[1] ?? '';
  const body = JSON.stringify({ query: document, variables, operationName });
  const answer = await connection.post('/graphql', body, operationName, signal);
  const { data, errors } = (answer ?? {}) as { data?: unknown; errors?: { message?: unknown }[] };
  if (Array.isArray(errors) && errors.length > 0) {
    const said = errors.map(({ message }) => String(message)).join('; ');
    throw new WandbError(kindOf(said), `${connection.server} refused ${operationName}: ${oneLine(said, connection.secrets)}`, {
      status: 200,
    });
  }
  if (typeof data !== 'object' || data === null)
    throw new WandbError(
      'protocol',
      `${connection.server} answered ${operationName} with no data. Is it a Weights & Biases server? (200)`,
      {
        status: 200,
      },
    );
  return data as T;
}

function kindOf(message: string): WandbErrorKind {
  if (/rate limit|too many requests|try again/i.test(message)) return 'busy';
  if (/internal (server )?error|timed? ?out|unavailable/i.test(message)) return 'server';
  if (/permission|forbidden|not authorized|access denied/i.test(message)) return 'forbidden';
  if (/api key|unauthenticated|unauthorized|not logged in/i.test(message)) return 'unauthorized';
  return /not found|does not exist|could not find/i.test(message) ? 'not-found' : 'invalid';
}
