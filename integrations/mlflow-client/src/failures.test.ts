import { afterEach, describe, expect, test } from '@jest/globals';
import { startNobody, startPlainServer } from '@mortise/test-servers';

import { isMlflowError, MlflowClient, type MlflowClientOptions, type MlflowErrorKind } from './index.ts';
import { bytesOf, failsWith } from './testing/claims/claim.ts';
import { startStubServer, type StubFault, type StubServer, type StubServerOptions } from './testing/index.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function stub(options?: StubServerOptions): Promise<StubServer> {
  const server = await startStubServer(options);
  stops.push(() => server.stop());
  return server;
}

const clientOf = (server: { url: string }, options: Partial<MlflowClientOptions> = {}) =>
  new MlflowClient({ trackingUri: server.url, ...options });

describe('an answer that is none', () => {
  test.each<[StubFault, MlflowErrorKind, number, RegExp]>([
    ['unauthorized', 'unauthorized', 401, /does not know who asks/],
    ['forbidden', 'forbidden', 403, /does not allow runs\/get: Invalid Host header/],
    ['locked', 'busy', 503, /come back later for runs\/get: database is locked \(503 TEMPORARILY_UNAVAILABLE\)$/],
    ['busy', 'busy', 429, /come back later/],
    ['failed', 'server', 500, /failed at runs\/get: Internal Server Error/],
    ['gateway', 'server', 502, /failed at runs\/get \(502\)/],
  ])('%s becomes kind "%s"', async (fault, kind, status, says) => {
    const server = await stub();
    const mend = server.fail(fault);
    const error = await failsWith(kind, clientOf(server).getRun('x'), says);
    expect(error.status).toBe(status);
    expect(error.message).toContain(server.url);
    expect(error.message).not.toContain('secret-parameter');
    mend();
    await clientOf(server).health();
  });

  test('Retry-After is told in milliseconds', async () => {
    const server = await stub();
    server.fail('busy');
    expect((await failsWith('busy', clientOf(server).getRun('x'))).retryAfter).toBe(2_000);
    server.fail('locked');
    expect((await failsWith('busy', clientOf(server).getRun('x'))).retryAfter).toBeUndefined();
  });

  test('a connection that is cut, before the work or after it, is kind "unreachable"; what was done is done', async () => {
    const server = await stub();
    const client = clientOf(server);
    const experimentId = await client.createExperiment('e');
    for (const fault of ['reset', 'lost'] as const) {
      const mend = server.fail(fault);
      const error = await failsWith('unreachable', client.createRun({ experimentId, startTime: 1 }), /cannot be reached \(\w+\)/);
      expect(error.cause).toBeDefined();
      mend();
    }
    expect((await client.searchRuns({ experimentIds: [experimentId] })).runs).toHaveLength(1);
  });

  test('a server that is not there is kind "unreachable", and its code is told', async () => {
    const server = await startNobody();
    stops.push(() => server.stop());
    await failsWith('unreachable', clientOf(server).health(), /cannot be reached \(ECONNREFUSED\)/);
  });

  test('silence ends after the timeout with kind "timeout"', async () => {
    const server = await stub();
    server.fail('hang');
    await failsWith('timeout', clientOf(server, { timeoutMs: 60 }).getRun('x'), /did not answer runs\/get within 0\.06 s/);
  });

  test('silence in the middle of an answer does, too', async () => {
    const server = await startPlainServer((_, response) => void response.writeHead(200).write('{"run":'));
    stops.push(() => server.stop());
    await failsWith('timeout', clientOf(server, { timeoutMs: 60 }).getRun('x'));
  });

  test('who gives up gets the reason given, before and during a call', async () => {
    const server = await stub();
    server.fail('hang');
    const reason = new Error('enough');
    await expect(clientOf(server).getRun('x', AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(server.requests).toHaveLength(0);
    const giving = new AbortController();
    setTimeout(() => giving.abort(reason), 30);
    await expect(clientOf(server).getRun('x', giving.signal)).rejects.toBe(reason);
  });

  test('a call that fails is not repeated', async () => {
    const server = await stub();
    for (const fault of ['locked', 'reset', 'busy'] as const) {
      const mend = server.fail(fault);
      server.requests.length = 0;
      await expect(clientOf(server).createExperiment('e')).rejects.toThrow();
      expect(server.requests).toHaveLength(1);
      mend();
    }
  });
});

describe('a connection that the server closes while it rests', () => {
  test('costs a read nothing: it is asked once more', async () => {
    const sockets = new Set<unknown>();
    const server = await startPlainServer(({ socket }, response) => {
      if (sockets.size === 0) socket.destroy();
      else response.writeHead(200, { 'content-type': 'text/plain' }).end('3.17.2');
      sockets.add(socket);
    });
    stops.push(() => server.stop());
    expect(await clientOf(server).version()).toBe('3.17.2');
    expect(sockets.size).toBe(2);
  });

  test('and that it closes again is told', async () => {
    let asked = 0;
    const server = await startPlainServer(({ socket }) => {
      asked++;
      socket.destroy();
    });
    stops.push(() => server.stop());
    await failsWith('unreachable', clientOf(server).version());
    expect(asked).toBe(2);
  });
});

describe('a server that is no MLflow', () => {
  test.each<[string, number, Record<string, string>, string, RegExp]>([
    [
      'a web page',
      200,
      { 'content-type': 'text/html' },
      '<!doctype html><title>Welcome</title>',
      /something else than JSON. Is it an MLflow/,
    ],
    ['other JSON', 200, { 'content-type': 'application/json' }, '{"run":{"info":[]}}', /not MLflow's/],
    ['a list', 200, { 'content-type': 'application/json' }, '[1]', /Is it an MLflow/],
    ['no route', 404, { 'content-type': 'text/html' }, '<html>nginx</html>', /does not know runs\/get as MLflow does. Is it an MLflow/],
    [
      'no method',
      501,
      { 'content-type': 'text/html' },
      '<html>Unsupported method</html>',
      /does not know runs\/get as MLflow does. Is it an MLflow/,
    ],
    ['another API', 404, { 'content-type': 'application/json' }, '{"message":"no Route matched"}', /Is it an MLflow/],
    ['a storage', 400, { 'content-type': 'application/xml' }, '<Error><Code>InvalidBucketName</Code></Error>', /Is it an MLflow/],
    [
      'a login',
      302,
      { location: 'https://sso.example/login?client=secret#x' },
      '',
      /a redirect to https:\/\/sso\.example\/login, which is not followed\. Give/,
    ],
  ])('%s is kind "protocol"', async (_, status, headers, body, says) => {
    const server = await startPlainServer((_request, response) => void response.writeHead(status, headers).end(body));
    stops.push(() => server.stop());
    const error = await failsWith('protocol', clientOf(server).getRun('x'), says);
    expect(error.message).not.toMatch(/secret|nginx|InvalidBucketName/);
    await failsWith('protocol', clientOf(server).health());
    await failsWith('protocol', clientOf(server).version());
  });

  test('an error code in another’s words is one line, too, without what commands a terminal', async () => {
    const said = { error_code: 'INVALID\nTWO\x1b[31mRED', message: 'x\x1b]0;pwn\x07\x1b[2J\x00y \ud83d' };
    const server = await startPlainServer((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(said));
    });
    stops.push(() => server.stop());
    const error = await failsWith('invalid', clientOf(server).getRun('x'), /refused runs\/get: x y \ufffd \(400 INVALID TWORED\)$/);
    expect(error.errorCode).toBe('INVALID TWORED');
    expect(error.message).not.toMatch(/\p{Cc}/u);
  });

  test('no TLS where TLS is asked for, and no HTTP at all, say so', async () => {
    const server = await stub();
    await failsWith(
      'protocol',
      clientOf({ url: server.url.replace('http', 'https') }).health(),
      /does not speak TLS \(\w+\)\. Its address may begin with http:\/\/ instead of https:\/\/$/,
    );
  });
});

describe('credentials', () => {
  test('a username and password are sent as Basic, a token as Bearer, and without either nothing', async () => {
    const server = await stub();
    await clientOf(server, { username: 'ada', password: 'é:secret', token: 'unused' }).version();
    await clientOf(server, { token: 'abc.def' }).version();
    await clientOf(server).version();
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      `Basic ${Buffer.from('ada:é:secret').toString('base64')}`,
      'Bearer abc.def',
      undefined,
    ]);
  });

  test('the wrong ones are kind "unauthorized", the right ones let in', async () => {
    const auth = { username: 'ada', password: 'right-one' };
    const server = await stub({ auth });
    await failsWith('unauthorized', clientOf(server).createExperiment('e'), /401/);
    await failsWith('unauthorized', clientOf(server, { ...auth, password: 'wrong-one' }).createExperiment('e'));
    await failsWith('unauthorized', clientOf(server, { token: 'token' }).createExperiment('e'));
    expect(await clientOf(server, auth).createExperiment('e')).toBe('1');
  });

  test('are never in an error, also when the server repeats them', async () => {
    const server = await startPlainServer((request, response) => {
      const said = { error_code: 'INVALID_PARAMETER_VALUE', message: `You sent ${request.headers.authorization} and so hunter22 and more` };
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(said));
    });
    stops.push(() => server.stop());
    const error = await failsWith('invalid', clientOf(server, { username: 'ada', password: 'hunter22' }).getRun('x'), /\*\*\*/);
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toMatch(/hunter22|YWRhO/);
  });
});

describe('options', () => {
  test.each<[string, Partial<MlflowClientOptions>, RegExp]>([
    ['an address with a user in it', { trackingUri: 'http://ada:hunter22@host' }, /holds a user or a password/],
    ['an address that is none', { trackingUri: 'host:5000' }, /must be http\(s\)/],
    ['a database', { trackingUri: 'sqlite:///mlflow.db' }, /must be http\(s\)/],
    ['an address with a query', { trackingUri: 'http://host/?token=hunter22' }, /must end with its path/],
    ['a username alone', { username: 'ada' }, /"password" is missing/],
    ['a password alone', { password: 'hunter22' }, /"username" is missing/],
    ['a username with a colon', { username: 'a:b', password: 'hunter22' }, /colon/],
    ['a token of two lines', { token: 'hunter22\nx' }, /no HTTP header takes/],
    ['a CA and no check of it', { ca: 'x', insecureTls: true }, /not both/],
    ['a CA that is no certificate', { ca: 'hunter22' }, /"ca" holds no certificate/],
    ['a CA of nothing', { ca: '' }, /"ca" holds no certificate/],
    [
      'a CA that is damaged',
      { ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
      /Certificate 1 of 1 .* cannot be read/,
    ],
    ['no time at all', { timeoutMs: 0 }, /timeoutMs/],
  ])('%s is refused at once, without the secret', (_, options, says) => {
    let error: unknown;
    try {
      clientOf({ url: 'http://host' }, options);
    } catch (thrown) {
      error = thrown;
    }
    expect(isMlflowError(error) && error.kind).toBe('invalid');
    expect((error as Error).message).toMatch(says);
    expect((error as Error).message).not.toContain('hunter22');
  });

  test('the address may have a path before the routes, and slashes at its end', async () => {
    const server = await stub({ prefix: '/tools/mlflow' });
    const client = clientOf({ url: `${server.url}//` });
    expect(client.trackingUri).toBe(server.url);
    await client.health();
    const experimentId = await client.createExperiment('e');
    await client.artifacts.put(`${experimentId}/a`, Buffer.from('x'));
    expect((await bytesOf(client.artifacts.get(`${experimentId}/a`))).toString()).toBe('x');
  });

  test('a fetch that is given is the one that is used', async () => {
    const server = await stub();
    const urls: string[] = [];
    await clientOf(server, { fetch: (url, init) => (urls.push(url as string), fetch(url, init)) }).version();
    expect(urls).toEqual([`${server.url}/version`]);
  });
});
