import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { selfSigned, type Certificate } from '@mortise/test-servers';

import { MlflowClient, type MlflowClientOptions } from './index.ts';
import { bytesOf, failsWith } from './testing/claims/claim.ts';
import { startStubServer, type StubServer } from './testing/index.ts';

describe('a server whose certificate nobody knows', () => {
  let server: StubServer;
  let certificate: Certificate;
  beforeAll(async () => {
    certificate = selfSigned();
    server = await startStubServer({ tls: certificate, multipart: true });
  });
  afterAll(() => server.stop());

  const client = (options: Partial<MlflowClientOptions> = {}) => new MlflowClient({ trackingUri: server.url, ...options });

  test('is not trusted, and the error says what to do', async () => {
    await failsWith(
      'untrusted',
      client().health(),
      /certificate that is not trusted here \(DEPTH_ZERO_SELF_SIGNED_CERT\)\. Give the certificate of its authority \("ca"\)$/,
    );
  });

  test('is not trusted for another certificate', async () => {
    await failsWith('untrusted', client({ ca: selfSigned().cert }).health());
  });

  test('is trusted with its certificate among others, comments between them', async () => {
    await client({ ca: `# one\n${selfSigned().cert}\n# another\n${certificate.cert}` }).health();
  });

  test('is not trusted for the certificate of another host', async () => {
    const other = selfSigned('elsewhere.example');
    const stranger = await startStubServer({ tls: other });
    await failsWith(
      'untrusted',
      new MlflowClient({ trackingUri: stranger.url, ca: other.cert }).health(),
      /ALTNAME\w+\)\. It is that of another host name$/,
    );
    await stranger.stop();
  });

  test.each([
    ['its certificate', () => ({ ca: certificate.cert })],
    ['any certificate, by explicit option', () => ({ insecureTls: true })],
  ] as const)('is trusted with %s: JSON, streams, ranges, refusals', async (_, options) => {
    const trusting = client({ ...options(), token: 'abc' });
    await trusting.health();
    const experimentId = await trusting.createExperiment(`e${Math.random()}`);
    const { runId } = await trusting.createRun({ experimentId, startTime: 1 });
    await trusting.setTag(runId, 'ä', 'ö');
    expect((await trusting.getRun(runId))?.tags['ä']).toBe('ö');
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer abc');
    await failsWith('not-found', trusting.updateRun('none', { status: 'FAILED' }));

    const path = `${experimentId}/${runId}/artifacts/large`;
    const body = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for (let at = 0; at < 50; at++) yield new Uint8Array(50_000).fill(at);
    };
    const expected = await bytesOf(body());
    await trusting.artifacts.put(path, body());
    expect((await bytesOf(trusting.artifacts.get(path))).equals(expected)).toBe(true);
    await trusting.artifacts.put(path, body(), { size: expected.length });
    expect((await bytesOf(trusting.artifacts.get(path, { from: 49_999, to: 50_002 }))).toString('hex')).toBe('000101');
    expect((await trusting.artifacts.stat(path))?.size).toBe(expected.length);
    await trusting.artifacts.delete(path);
    await failsWith('not-found', bytesOf(trusting.artifacts.get(path)));
  });

  test('fails in the same kinds as without TLS', async () => {
    const trusting = client({ ca: certificate.cert });
    for (const [fault, kind] of [
      ['hang', 'timeout'],
      ['reset', 'unreachable'],
      ['lost', 'unreachable'],
      ['unauthorized', 'unauthorized'],
      ['locked', 'busy'],
    ] as const) {
      const mend = server.fail(fault);
      const meeting = fault === 'hang' ? client({ ca: certificate.cert, timeoutMs: 300 }) : trusting;
      await failsWith(kind, meeting.getRun('x'));
      await failsWith(
        kind,
        meeting.artifacts.put(
          '1/a',
          (async function* () {
            for (let at = 0; at < 50; at++) yield new Uint8Array(100_000);
          })(),
        ),
      );
      mend();
    }
    const reason = new Error('enough');
    server.fail('hang');
    const giving = new AbortController();
    setTimeout(() => giving.abort(reason), 20);
    await expect(client({ ca: certificate.cert }).getRun('x', giving.signal)).rejects.toBe(reason);
    await expect(trusting.artifacts.put('1/a', failing())).rejects.toThrow(RangeError);
  });

  test('is trusted by nobody else: the storage that it names needs its own trust', async () => {
    const fresh = await startStubServer({ tls: certificate, multipart: true });
    const insecure = new MlflowClient({ trackingUri: fresh.url, insecureTls: true, multipartThreshold: 1 });
    await failsWith('untrusted', insecure.artifacts.put('1/a', Buffer.from('x')), /^The storage behind/);
    const trusting = new MlflowClient({ trackingUri: fresh.url, ca: certificate.cert, multipartThreshold: 1 });
    await trusting.artifacts.put('1/a', Buffer.from('x'));
    expect(fresh.store.artifacts.files.get('1/a')?.bytes.toString()).toBe('x');
    await fresh.stop();
  });
});

async function* failing(): AsyncGenerator<Uint8Array, void, undefined> {
  yield new Uint8Array(10);
  throw new RangeError('mine');
}
