/** Where Weights & Biases is, and who asks. */
export interface WandbClientOptions {
  /** Sent as `Authorization: Basic` to `baseUrl` alone; it appears nowhere else. */
  apiKey: string;
  /** Default `https://api.wandb.ai`. */
  baseUrl?: string;
  /** Where pages for people are. Default: told from `baseUrl` by the vendor's own rule. */
  appUrl?: string;
  /** Takes any certificate of the server. Only for a try on your own machine. Default false. */
  insecureTls?: boolean;
  /** Of one request, ms; of an upload: without any progress. Default 60,000. */
  timeoutMs?: number;
  /**
   * Default: the global `fetch`, which goes through the proxy that Node is told of (`NODE_USE_ENV_PROXY=1`) and trusts the authorities of
   * `NODE_EXTRA_CA_CERTS`. With `insecureTls` a transport on `node:https`.
   */
  fetch?: typeof globalThis.fetch;
}

export const DEFAULT_BASE_URL = 'https://api.wandb.ai';
