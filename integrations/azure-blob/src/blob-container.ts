import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

import { MissingPackage } from '@mortise/core';
import {
  AnonymousCredential,
  BlobSASPermissions,
  ContainerClient,
  newPipeline,
  StorageSharedKeyCredential,
  type BlockBlobClient,
  type Pipeline,
} from '@azure/storage-blob';

import type { Access } from './access.ts';
import { BlobFailure, isBlobFailure } from './blob-failure.ts';
import { Patience } from './patience.ts';
import { sdkFailure, type Asked } from './sdk-failure.ts';

/** Held in a variable: whoever uses it installs it. */
const IDENTITY: string = '@azure/identity';
/** At once. Those beyond wait for a connection. */
const CONNECTIONS = 64;
/** About 4 s of pauses, when a server cannot be reached, cuts a connection, or answers 500 or 503. */
const RETRIES = { maxTries: 5, retryDelayInMs: 400 };
/** A request gets a second more for so many bytes of its body: many blocks share a line that may be slow. */
const BYTES_PER_SECOND = 64 * 1024;
/** Names of metadata are identifiers: no hyphens. */
const MARK = 'mortise_put';

type Credential = NonNullable<Parameters<typeof newPipeline>[0]>;

export interface BlobFacts {
  size: number;
  /** ms since the epoch. */
  modifiedAt: number;
  /** Of the put that made it, if that was ours. */
  mark: string | undefined;
}

/** A container by Azure's SDK, which signs and retries. Its methods throw `BlobFailure`, or the reason of the signal. */
export class BlobContainer {
  readonly client: ContainerClient;
  readonly asked: Asked;
  readonly #agent: HttpAgent;
  readonly #timeoutMs: number;

  /** Throws `MissingPackage`. */
  static async open(container: string, access: Access, { store, timeoutMs }: { store: string; timeoutMs: number }): Promise<BlobContainer> {
    return new BlobContainer(container, access, await credentialOf(access, store), timeoutMs);
  }

  private constructor(container: string, access: Access, credential: Credential, timeoutMs: number) {
    const Agent = access.url.startsWith('https:') ? HttpsAgent : HttpAgent;
    this.#agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    this.#timeoutMs = timeoutMs;
    const query = access.sasToken === undefined ? '' : `?${access.sasToken}`;
    this.client = new ContainerClient(`${access.url}/${container}${query}`, this.#pipeline(credential));
    const { host, by, expires } = access;
    this.asked = { host, by, container, ...(expires !== undefined && { expires }) };
  }

  blob(name: string): BlockBlobClient {
    return this.client.getBlockBlobClient(name);
  }

  /** Calls the SDK, retries included, within the time limit and what `bytes` of the request's body may take beside it. */
  async ask<T extends { requestId?: string }>(
    signal: AbortSignal | undefined,
    call: (abortSignal: AbortSignal) => Promise<T>,
    bytes = 0,
  ): Promise<T> {
    const patience = this.patience(signal, bytes);
    patience.begin();
    try {
      const answer = await call(patience.signal);
      if (answer.requestId === undefined) throw this.notAzure();
      return answer;
    } catch (error) {
      throw this.failure(error, patience);
    } finally {
      patience.end();
    }
  }

  patience(signal: AbortSignal | undefined, bytes = 0): Patience {
    return new Patience(signal, this.#timeoutMs + (bytes / BYTES_PER_SECOND) * 1000);
  }

  /** Why something failed. Throws the reason of a caller who gave up. */
  failure(error: unknown, patience: Patience): BlobFailure {
    const isLate = patience.isOver;
    if (isBlobFailure(error)) return error;
    if (isLate) return new BlobFailure('timeout', `${this.asked.host} did not answer within ${Math.round(patience.limitMs / 100) / 10} s`);
    return sdkFailure(error, this.asked);
  }

  notAzure(): BlobFailure {
    return new BlobFailure('not-azure', `${this.asked.host} is no Azure Blob Storage: it answers without the id of a request`);
  }

  async head(name: string, signal: AbortSignal | undefined): Promise<BlobFacts | undefined> {
    try {
      const facts = await this.ask(signal, (abortSignal) => this.blob(name).getProperties({ abortSignal }));
      // What looks old may be deleted, so that an unknown time is now.
      const modifiedAt = facts.lastModified?.getTime() ?? Date.now();
      return { size: facts.contentLength ?? 0, modifiedAt, mark: facts.metadata?.[MARK] };
    } catch (error) {
      if (isBlobFailure(error, 'not-found')) return undefined;
      throw error;
    }
  }

  /** What a new blob is to have. */
  stored(mark: string, type: string | undefined) {
    return { metadata: { [MARK]: mark }, ...(type !== undefined && { blobHTTPHeaders: { blobContentType: type } }) };
  }

  /** Needs the account's key. */
  presign(name: string, seconds: number): Promise<string> {
    return this.blob(name).generateSasUrl({
      permissions: BlobSASPermissions.parse('r'),
      expiresOn: new Date(Date.now() + seconds * 1000),
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  #pipeline(credential: Credential): Pipeline {
    const pipeline = newPipeline(credential, { retryOptions: RETRIES, userAgentOptions: { userAgentPrefix: 'mortise' } });
    pipeline.factories.push({
      create: (next) => ({
        sendRequest: (request) => {
          // One that a proxy of the environment needs is there already.
          request.agent ??= this.#agent;
          return next.sendRequest(request);
        },
      }),
    });
    return pipeline;
  }
}

async function credentialOf({ sharedKey, sasToken }: Access, store: string): Promise<Credential> {
  if (sharedKey !== undefined) return new StorageSharedKeyCredential(sharedKey.account, sharedKey.key);
  if (sasToken !== undefined) return new AnonymousCredential();
  try {
    const { DefaultAzureCredential } = (await import(IDENTITY)) as { DefaultAzureCredential: new () => Credential };
    return new DefaultAzureCredential();
  } catch (cause) {
    if (!/MODULE_NOT_FOUND/.test(String((cause as NodeJS.ErrnoException).code))) throw cause;
    const of = `the artifact store "${store}", which has no accountKey, sasToken or connectionString,`;
    throw new MissingPackage({ package: IDENTITY, of }, { cause });
  }
}
