import type { IncomingHttpHeaders } from 'node:http';

/** A request as it reached the proxy, and what has become of it. */
export interface ProxiedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Bytes of body passed on to the server, so far. */
  readonly bytesUp: number;
  /** Bytes of body passed back to the client, so far. */
  readonly bytesDown: number;
  /** What the client was answered; `undefined` as long as, or because, it was not. */
  readonly status: number | undefined;
}
