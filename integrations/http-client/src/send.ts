import { tlsFetch, type TlsTrust } from './tls-fetch.ts';

/** As the clients call `fetch`. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

export interface SendOptions extends TlsTrust {
  /** Has its own trust, whatever else is said of it here. */
  fetch?: typeof globalThis.fetch | undefined;
}

/** How requests go out: by `fetch`, or where it cannot trust as it is told to, by `node:https`. */
export function senderOf({ fetch: given, ca, insecure }: SendOptions): Send {
  const plain: Send = given ?? ((url, init) => globalThis.fetch(url, init));
  if (given !== undefined || (ca === undefined && insecure !== true)) return plain;
  const secure = tlsFetch({ ca, insecure });
  return (url, init) => (/^https:/i.test(url) ? secure : plain)(url, init);
}
