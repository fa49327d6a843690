import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isFree } from './free-port.ts';
import {
  sharedAzurite,
  startAzurite,
  sharedGcs,
  startGcs,
  sharedMlflow,
  sharedS3,
  startMlflow,
  startS3,
  canStart,
  python,
} from './index.ts';
import type { MlflowServer, S3Credentials, S3Server, SharedMlflow } from './index.ts';

const mlflowSuite = canStart('mlflow') ? describe : describe.skip;
const s3Suite = canStart('s3') ? describe : describe.skip;
const gcsSuite = canStart('gcs') ? describe : describe.skip;
const azuriteSuite = canStart('azurite') ? describe : describe.skip;

const isGone = (url: string) => isFree(Number(new URL(url).port));

async function createExperiment(url: string, name: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/api/2.0/mlflow/experiments/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ name }),
  });
}

async function experimentId(url: string, name: string): Promise<unknown> {
  const answer = await fetch(`${url}/api/2.0/mlflow/experiments/get-by-name?experiment_name=${name}`);
  return ((await answer.json()) as { experiment?: { experiment_id: string } }).experiment?.experiment_id;
}

mlflowSuite('an MLflow server of its own', () => {
  let server: MlflowServer;
  beforeAll(async () => {
    server = await startMlflow();
  });
  afterAll(() => server.stop());

  it('comes back after a kill on the same port and with its data, and is gone after stop', async () => {
    expect((await createExperiment(server.url, 'kept')).status).toBe(200);
    const id = await experimentId(server.url, 'kept');
    await expect(server.start()).rejects.toThrow('already running');

    await server.kill();
    expect(await isGone(server.url)).toBe(true);
    await server.start();
    expect(await experimentId(server.url, 'kept')).toBe(id);

    await server.stop();
    expect(await isGone(server.url)).toBe(true);
    expect(existsSync(server.folder)).toBe(false);
  });
});

mlflowSuite('MLflow with an administrator', () => {
  it('lets only him in', async () => {
    const server = await startMlflow({ auth: { username: 'boss', password: 'a long password' } });
    const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`boss:${password}`).toString('base64')}` });
    expect((await createExperiment(server.url, 'x')).status).toBe(401);
    expect((await createExperiment(server.url, 'x', basic('another password'))).status).toBe(401);
    expect((await createExperiment(server.url, 'x', basic('a long password'))).status).toBe(200);
    await server.stop();
  });
});

mlflowSuite('the MLflow server that is shared', () => {
  let server: SharedMlflow;
  beforeAll(async () => {
    server = await sharedMlflow();
  });
  afterAll(() => server.stop());

  it('is one server', async () => {
    const again = await sharedMlflow();
    expect(again.url === server.url).toBe(process.env['MORTISE_TEST_SERVERS'] !== undefined);
    await again.stop();
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  it("is read by MLflow's own Python client", async () => {
    await createExperiment(server.url, 'read-by-python');
    const code = `import mlflow, sys; print(mlflow.get_experiment_by_name("read-by-python").experiment_id)`;
    expect((await python(code, { MLFLOW_TRACKING_URI: server.url })).trim()).toBe(await experimentId(server.url, 'read-by-python'));
    await expect(python('raise ValueError("no")')).rejects.toThrow('ValueError: no');
  });
});

/** A request signed as S3 wants it (AWS Signature Version 4), without a body of its own in the signature. */
async function s3Request(url: string, { accessKeyId, secretAccessKey }: S3Credentials, method: string, path: string, body?: string) {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const sign = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [time.slice(0, 8), 'us-east-1', 's3', 'aws4_request'];
  const headers = { host: new URL(url).host, 'x-amz-content-sha256': hash(body ?? ''), 'x-amz-date': time };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = [method, path, '', lines.join(''), names, headers['x-amz-content-sha256']].join('\n');
  const key = scope.reduce<string | Buffer>(sign, `AWS4${secretAccessKey}`);
  const signature = sign(key, ['AWS4-HMAC-SHA256', time, scope.join('/'), hash(canonical)].join('\n')).toString('hex');
  const { host: _, ...sent } = headers;
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join('/')}, SignedHeaders=${names}, Signature=${signature}`;
  return fetch(url + path, { method, headers: { ...sent, authorization }, ...(body !== undefined && { body }) });
}

s3Suite('an S3 server of its own', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  });
  afterAll(() => server.stop());

  it('comes back after a kill on the same port and with its data, and is gone after stop', async () => {
    const object = `/${await server.createBucket('kept')}/a/b`;
    expect((await s3Request(server.url, server, 'PUT', object, 'hello')).status).toBe(200);

    await server.kill();
    expect(await isGone(server.url)).toBe(true);
    await server.start();
    expect(await (await s3Request(server.url, server, 'GET', object)).text()).toBe('hello');

    await server.stop();
    expect(await isGone(server.url)).toBe(true);
    expect(existsSync(server.folder)).toBe(false);
  });
});

s3Suite('a port that is taken', () => {
  it('is an error, and what has it stays as it is', async () => {
    const first = await startS3();
    await expect(startS3({ port: Number(new URL(first.url).port) })).rejects.toThrow('is taken');
    expect((await fetch(`${first.url}/health`)).status).toBe(200);
    await first.stop();
    await first.stop();
  });
});

s3Suite('the S3 server that is shared', () => {
  it('gives everybody a bucket of his own', async () => {
    const [one, other] = [await sharedS3(), await sharedS3()];
    expect(one.bucket).not.toBe(other.bucket);
    expect(one.url === other.url).toBe(process.env['MORTISE_TEST_SERVERS'] !== undefined);
    await other.stop();
    expect((await s3Request(one.url, one, 'PUT', `/${one.bucket}/x`, 'hello')).status).toBe(200);
    await one.stop();
  });

  it('lets in who has a key, and to a bucket who may', async () => {
    const server = await sharedS3();
    const status = async (who: S3Credentials) => (await s3Request(server.url, who, 'PUT', `/${server.bucket}/x`, 'hello')).status;
    expect(await status(server)).toBe(200);
    expect(await status(await server.createUser!())).toBe(403);
    expect(await status({ ...server, secretAccessKey: 'another' })).toBe(403);
    await server.stop();
  });
});

azuriteSuite('an Azurite of its own', () => {
  it('lets in nobody without a signature, and is gone after stop', async () => {
    const server = await startAzurite();
    const container = await server.createContainer();
    const place = `${server.url}/${server.account}/${container}?restype=container&comp=list`;
    expect((await fetch(place)).status).toBe(403);
    const other = await startAzurite();
    expect([other.account === server.account, other.accountKey === server.accountKey]).toEqual([false, false]);
    await other.stop();
    await server.stop();
    await server.stop();
    expect([await isGone(server.url), await isGone(other.url)]).toEqual([true, true]);
  });
});

azuriteSuite('the Azurite that is shared', () => {
  it('gives everybody a container of his own', async () => {
    const [one, other] = [await sharedAzurite(), await sharedAzurite()];
    expect(one.container).not.toBe(other.container);
    expect(one.url === other.url).toBe(process.env['MORTISE_TEST_SERVERS'] !== undefined);
    await other.stop();
    await one.stop();
  });
});

gcsSuite('a GCS server of its own', () => {
  it('is reached from this host alone, and is gone after stop', async () => {
    const server = await startGcs();
    const bucket = `/storage/v1/b/${await server.createBucket()}`;
    expect((await fetch(server.url + bucket)).status).toBe(200);
    await expect(fetch(server.url.replace('127.0.0.1', '127.0.0.2') + bucket)).rejects.toThrow('fetch failed');
    await server.stop();
    await server.stop();
    expect(await isGone(server.url)).toBe(true);
  });
});

gcsSuite('the GCS server that is shared', () => {
  it('gives everybody a bucket of his own', async () => {
    const [one, other] = [await sharedGcs(), await sharedGcs()];
    expect(one.bucket).not.toBe(other.bucket);
    expect(one.url === other.url).toBe(process.env['MORTISE_TEST_SERVERS'] !== undefined);
    await other.stop();
    expect((await fetch(`${one.url}/storage/v1/b/${one.bucket}`)).status).toBe(200);
    await one.stop();
  });
});
