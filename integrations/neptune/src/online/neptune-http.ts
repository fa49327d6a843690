import { Transient } from '@mortise/core';
import { HttpClient } from '@mortise/http-client';

import { refusalOf } from './http-failure.ts';

export interface NeptuneHttpOptions {
  fetch: typeof fetch;
  /** How long nothing may happen, ms. */
  timeoutMs: number;
  /** What no message may hold; more may come to it. */
  secrets: readonly string[];
}

/** How requests reach Neptune, what lets us in, and the storage behind it. They fail with `Transient` and `Permanent`. */
export function neptuneHttp({ fetch, timeoutMs, secrets }: NeptuneHttpOptions): HttpClient {
  return new HttpClient({
    ...{ send: fetch, timeoutMs, secrets },
    trustAdvice: `${notRead()}Name the certificate of its authority in NODE_EXTRA_CA_CERTS`,
    errors: {
      noAnswer: (_kind, message, cause) => new Transient(message, { cause }),
      refusal: (refused) => refusalOf(refused, secrets),
    },
  });
}

/** With these the Python client checks no certificates: who has set one looks for the reason elsewhere. */
function notRead(env: NodeJS.ProcessEnv = process.env): string {
  const { NEPTUNE_VERIFY_SSL: verify = '', NEPTUNE_ALLOW_SELF_SIGNED_CERTIFICATE: allow = '' } = env;
  if (/^(false|0)$/i.test(verify)) return 'NEPTUNE_VERIFY_SSL is not read here. ';
  return /^(true|1)$/i.test(allow) ? 'NEPTUNE_ALLOW_SELF_SIGNED_CERTIFICATE is not read here. ' : '';
}
