import { readFile } from 'node:fs/promises';

import type { Storage } from '@google-cloud/storage';

import { codesOf, failureOfConnection } from './failure-of.ts';
import type { GcsArtifactStoreConfig } from './gcs-artifact-store-config.ts';
import { GcsFailure } from './gcs-failure.ts';

export const GOOGLE = 'https://storage.googleapis.com';
/** Codes of errors below HTTP, and not of files. */
const OF_NETWORK = /^(ECONN|EHOST|ENET|EADDR|EAI_|ENOTFOUND|ETIMEDOUT|EPIPE|EPROTO|UND_ERR|HPE_|(?!ERR_).*CERT)/;
/** How long credentials are looked for, ms: where there are none, the last place is a metadata server that may never answer. */
const SEARCH_MS = 10_000;

export type AccessConfig = Pick<GcsArtifactStoreConfig, 'endpoint' | 'projectId' | 'credentials' | 'keyFile' | 'timeoutMs'>;

/** Of a service account. */
interface Key {
  type?: string;
  project_id?: string;
  client_email?: string;
  private_key?: string;
}

/** Who we are, by Google's SDK: tokens for requests, and signatures. */
export class Access {
  readonly #config: AccessConfig;
  #opened: Promise<Storage> | undefined;

  constructor(config: AccessConfig) {
    this.#config = config;
  }

  /** An endpoint is asked without credentials unless some are given: it is an emulator, and shall not get what the tools of Google have. */
  get anonymous(): boolean {
    const { endpoint, credentials, keyFile } = this.#config;
    return endpoint !== undefined && credentials === undefined && keyFile === undefined;
  }

  /** Headers of a request. Throws `GcsFailure` or the signal's reason. */
  async headers(signal: AbortSignal): Promise<Record<string, string>> {
    if (this.anonymous) return {};
    const { authClient } = await this.#storage();
    const client = await this.#within(authClient.getClient(), signal);
    const headers = await this.#within(client.getRequestHeaders(GOOGLE), signal, { found: true });
    return Object.fromEntries(headers);
  }

  /** A URL that gives the object to whoever has it. Throws `GcsFailure`. */
  async sign(bucket: string, object: string, seconds: number): Promise<string> {
    const storage = await this.#storage();
    const client = await this.#within(storage.authClient.getClient(), new AbortController().signal);
    // Without one the SDK would ask a service of Google to sign.
    if (typeof (client as { key?: unknown }).key !== 'string')
      throw new GcsFailure('bad-credentials', 'these credentials have no private key, which a signed URL needs');
    try {
      const expires = Date.now() + seconds * 1000;
      const [url] = await storage.bucket(bucket).file(object).getSignedUrl({ version: 'v4', action: 'read', expires });
      return url;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #storage(): Promise<Storage> {
    return (this.#opened ??= this.#open().catch((error: unknown) => {
      // What is amiss may be mended, and this process live long.
      this.#opened = undefined;
      throw error;
    }));
  }

  async #open(): Promise<Storage> {
    const { endpoint = GOOGLE, projectId } = this.#config;
    const key = await this.#key();
    const { Storage } = await import('@google-cloud/storage');
    const project = projectId ?? key?.project_id;
    const storage = new Storage({
      apiEndpoint: endpoint,
      useAuthWithCustomEndpoint: true,
      ...(project !== undefined && { projectId: project }),
    });
    // Given to the constructor, it prints a warning to look at what kind of key it is; that has been done.
    if (key !== undefined) storage.authClient.jsonContent = key;
    return storage;
  }

  async #key(): Promise<Key | undefined> {
    const { credentials, keyFile } = this.#config;
    const what = credentials === undefined ? `the file ${keyFile}` : '"credentials"';
    const text = credentials ?? (keyFile === undefined ? undefined : await readFile(keyFile, 'utf8').catch(unreadable(keyFile)));
    if (text === undefined) return undefined;
    const key = parsed(text);
    // Those of other kinds can name programs to run and addresses to ask.
    if (key?.type !== 'service_account' || typeof key.client_email !== 'string' || typeof key.private_key !== 'string')
      throw new GcsFailure('bad-credentials', `${what} is not the JSON text of a key that Google has given for a service account`);
    return key;
  }

  /** What the SDK looks for, or asks for, cannot be stopped: it is left when its time is over. */
  async #within<T>(work: Promise<T>, signal: AbortSignal, { found = !this.#isSearching } = {}): Promise<T> {
    const limit = Math.max(this.#config.timeoutMs, SEARCH_MS);
    const stop = AbortSignal.any([signal, AbortSignal.timeout(found ? limit : SEARCH_MS)]);
    const stopped = Promise.withResolvers<never>();
    const abort = (): void => stopped.reject(signal.aborted ? (signal.reason as Error) : this.#failure(undefined, found));
    stop.addEventListener('abort', abort, { once: true });
    if (stop.aborted) abort();
    try {
      return await Promise.race([
        work.catch((error: unknown) => {
          throw this.#failure(error, found);
        }),
        stopped.promise,
      ]);
    } finally {
      stop.removeEventListener('abort', abort);
      stopped.promise.catch(() => undefined);
    }
  }

  get #isSearching(): boolean {
    return this.#config.credentials === undefined && this.#config.keyFile === undefined;
  }

  /** Nothing of the SDK's error is kept: it holds the request. `found`: there are credentials, and what failed is to get a token for them. */
  #failure(error: unknown, found = true): GcsFailure {
    const said = refusalOf(error);
    if (said !== undefined) return new GcsFailure('expired', `Google gives no token for these credentials: ${said}`);
    if (found && error === undefined) return new GcsFailure('timeout', 'Google gave no token in time');
    if (found && codesOf(error).some((code) => OF_NETWORK.test(code)))
      return failureOfConnection(error, { server: "Google's token service", bucket: '', anonymous: false });
    if (this.#isSearching)
      return new GcsFailure('no-credentials', "no credentials are given, and none were found where Google's tools have theirs");
    return new GcsFailure('bad-credentials', 'the key of the service account cannot be used: it is not whole, or of another kind');
  }
}

function parsed(text: string): Key | null | undefined {
  try {
    return JSON.parse(text) as Key | null;
  } catch {
    // What is wrong with it would show parts of it.
    return undefined;
  }
}

const unreadable =
  (file: string) =>
  (error: NodeJS.ErrnoException): never => {
    throw new GcsFailure('bad-credentials', `the file ${file} cannot be read (${error.code})`);
  };

/** The word by which Google's token service refuses, as `invalid_grant`. */
function refusalOf(error: unknown): string | undefined {
  const { response } = (error ?? {}) as { response?: { data?: { error?: unknown } } };
  const word = response?.data?.error;
  return typeof word === 'string' && /^[a-z_]{1,40}$/.test(word) ? word : undefined;
}
