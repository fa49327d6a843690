/** Where the MLflow tracking server is, and how to speak to it. */
export interface MlflowClientOptions {
  /** `http(s)://host[:port][/prefix]`. A user part (`https://me:secret@host`) is refused: URLs are printed, credentials are not. */
  trackingUri: string;
  /** Basic authentication, together with `password`. */
  username?: string;
  password?: string;
  /** Sent as `Authorization: Bearer` when there is no `username`. */
  token?: string;
  /** PEM text of certificate authorities to trust beside Node's own. Refused when it holds no certificate, or one that cannot be read. */
  ca?: string;
  /** Takes any certificate of the tracking server. Only for a try on your own machine. Default false. */
  insecureTls?: boolean;
  /**
   * Default: the global `fetch`; with `ca` or `insecureTls` a transport on `node:https`, because `fetch` has no option for them.
   * Both go through the proxy that Node is told of (`NODE_USE_ENV_PROXY=1`, from Node 22.21 and 24.5 on).
   */
  fetch?: typeof globalThis.fetch;
  /** Of one request, ms; of an artifact's transfer: without any progress. Default 120,000. */
  timeoutMs?: number;
  /** Artifacts from this size on, bytes, go up in parts, straight to the storage, when the server can. Default 100 MiB. */
  multipartThreshold?: number;
  /** Bytes of one part, each held in memory while it is sent; S3 wants at least 5 MiB. Default 10 MiB, more for what would be above 10,000 parts. */
  partSize?: number;
}
