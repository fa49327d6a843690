import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { MlflowClient } from '../../mlflow-client.ts';
import { isMlflowError, type MlflowError, type MlflowErrorKind } from '../../mlflow-error.ts';

/** Something that is true of an MLflow server, or of the client before one. The stub and the real server are held to the same list. */
export interface Claim {
  claim: string;
  prove: (place: Place) => Promise<void>;
}

export interface RawAnswer {
  status: number;
  contentType: string;
  text: string;
  /** Of the text; `{}` when it is no JSON object. */
  json: Record<string, unknown>;
}

/** A server in one test, which others may use at the same time: it takes names that nobody else takes. */
export class Place {
  readonly url: string;
  readonly client: MlflowClient;

  constructor(url: string) {
    this.url = url;
    this.client = new MlflowClient({ trackingUri: url });
  }

  name(): string {
    return `claim-${randomUUID()}`;
  }

  experiment(): Promise<string> {
    return this.client.createExperiment(this.name());
  }

  async run(): Promise<string> {
    return (await this.client.createRun({ experimentId: await this.experiment(), startTime: Date.now() })).runId;
  }

  /** Past the client, to see what the server itself does. A text is sent as it is. */
  async raw(method: string, path: string, body?: object | string): Promise<RawAnswer> {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`${this.url}/api/2.0/${path}`, { method, headers, ...sent });
    const text = await response.text();
    return { status: response.status, contentType: response.headers.get('content-type') ?? '', text, json: jsonOf(text) };
  }

  /** A batch past the client, the lists as text. */
  batch(runId: string, lists: string): Promise<RawAnswer> {
    return this.raw('POST', 'mlflow/runs/log-batch', `{"run_id":"${runId}",${lists}}`);
  }
}

function jsonOf(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The `MlflowError` of this kind that the call fails with; it is checked to be fit for a person. */
export async function failsWith(kind: MlflowErrorKind, call: Promise<unknown>, says = /./): Promise<MlflowError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(isMlflowError(error), `it did not fail with an MlflowError, but: ${String(error)}`);
  assert.equal(error.kind, kind, error.message);
  assert.match(error.message, says);
  assert.doesNotMatch(error.message, /[\n\r]|\[SQL|INSERT INTO|<[a-z!]/i, 'it is not one line of words');
  return error;
}

export function point(key: string, value: number, over: { timestamp?: number; step?: number } = {}) {
  return { key, value, timestamp: 1_000, step: 1, ...over };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await collect(chunks));
}
