import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  selfSigned,
  startForwardProxy,
  startPlainServer,
  type Certificate,
  type ForwardProxy,
  type RealServer,
} from '@mortise/test-servers';

const run = promisify(execFile);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
/** Older ones do not know NODE_USE_ENV_PROXY, or for `fetch` alone. */
const knowsProxies = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);

const SCRIPT = `
import { HttpClient, senderOf } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
const { URL: url, TRUST } = process.env;
const errors = { noAnswer: (_, message, cause) => new Error(message, { cause }), refusal: ({ status }) => new Error(status) };
const http = new HttpClient({ send: senderOf(JSON.parse(TRUST)), timeoutMs: 10_000, trustAdvice: '', errors });
const asked = { server: 'It', call: 'a call', url };
const streamed = (async function* () { yield new Uint8Array(100_000); })();
process.stdout.write(await http.text({ ...asked, method: 'GET' }) + await http.text({ ...asked, method: 'PUT', body: streamed }));
`;

describe('where Node is told to use a proxy (NODE_USE_ENV_PROXY)', () => {
  let certificate: Certificate;
  let servers: Record<'http' | 'https', RealServer>;
  let proxy: ForwardProxy;
  beforeAll(async () => {
    certificate = selfSigned();
    const start = (tls?: Certificate): Promise<RealServer> =>
      startPlainServer(({ method }, response) => void response.end(`${method} `), tls);
    servers = { http: await start(), https: await start(certificate) };
    proxy = await startForwardProxy();
  });
  afterAll(async () => {
    for (const each of [proxy, servers?.http, servers?.https]) await each?.stop();
  });

  async function connectedBy(kind: 'http' | 'https', trust: object, env: Record<string, string>): Promise<readonly string[]> {
    proxy.forget();
    const variables = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '', ...env };
    const own = { URL: servers[kind].url, TRUST: JSON.stringify(trust), PATH: process.env['PATH'] ?? '' };
    const args = ['--no-warnings', '--input-type=module-typescript', '-e', SCRIPT];
    const { stdout } = await run(process.execPath, args, { env: { ...own, ...variables } });
    expect(stdout).toBe('GET PUT ');
    return proxy.connected;
  }

  test.each<[string, 'http' | 'https', () => object]>([
    ['plain requests', 'http', () => ({})],
    ['requests with a CA of their own', 'https', () => ({ ca: certificate.cert })],
    ['requests that check no certificate', 'https', () => ({ insecure: true })],
  ])('%s go through it', async (_, kind, trust) => {
    expect(await connectedBy(kind, trust(), {})).toEqual(knowsProxies ? [new URL(servers[kind].url).host] : []);
  });

  test('hosts that it is not for are reached without it', async () => {
    for (const trust of [{ ca: certificate.cert }, { insecure: true }])
      expect(await connectedBy('https', trust, { NO_PROXY: '127.0.0.1' })).toEqual([]);
  });

  test('and where it is not told so, nothing goes through it', async () => {
    expect(await connectedBy('https', { ca: certificate.cert }, { NODE_USE_ENV_PROXY: '' })).toEqual([]);
    expect(await connectedBy('http', {}, { NODE_USE_ENV_PROXY: '' })).toEqual([]);
  });
});
