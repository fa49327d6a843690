import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, describe, expect, test } from '@jest/globals';
import { selfSigned } from '@mortise/test-servers';

import { readIntoOneBuffer } from './read-into-one-buffer.ts';

const MIB = 1024 * 1024;
const ends: (() => void)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

describe.each(['http', 'https'] as const)('%s', (scheme) => {
  /** A server, and requests to it by an agent of one buffer. */
  async function served(listener: RequestListener): Promise<(path: string) => Promise<IncomingMessage>> {
    const certificate = scheme === 'https' ? selfSigned() : undefined;
    const server = certificate === undefined ? http.createServer(listener) : https.createServer(certificate, listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const agent = readIntoOneBuffer(
      certificate === undefined ? new http.Agent({ keepAlive: true }) : new https.Agent({ keepAlive: true, ca: certificate.cert }),
    );
    ends.push(() => (agent.destroy(), server.closeAllConnections(), server.close()));
    const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return async (path) => {
      const request = (certificate === undefined ? http : https).get(`${url}${path}`, { agent });
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      return answer;
    };
  }

  test('answers that come at once by connections that share the buffer are each whole, also in chunks that are kept', async () => {
    const bodies = Array.from({ length: 12 }, () => randomBytes(2 * MIB + 17));
    const get = await served(({ url }, answer) => void answer.end(bodies[Number(url!.slice(1))]));
    const digests = await Promise.all(
      bodies.map(async (_, at) => {
        const kept: Buffer[] = [];
        for await (const chunk of await get(`/${at}`)) kept.push(chunk as Buffer);
        await delay(20);
        return createHash('sha256').update(Buffer.concat(kept)).digest('hex');
      }),
    );
    expect(digests).toEqual(bodies.map((body) => createHash('sha256').update(body).digest('hex')));
  });

  test('a connection is used again', async () => {
    const ports = new Set<number>();
    const get = await served(({ socket }, answer) => {
      ports.add(socket.remotePort!);
      answer.end('well');
    });
    for (let i = 0; i < 3; i++) {
      expect(await (await get('/')).toArray()).toEqual([Buffer.from('well')]);
      // The agent takes it back a little after the end.
      await delay(20);
    }
    expect(ports.size).toBe(1);
  });

  test('a reader that waits keeps the server waiting', async () => {
    let sent = 0;
    const get = await served((_request, answer) => {
      const block = Buffer.alloc(MIB);
      const send = (): void => {
        while (sent < 256) {
          sent++;
          if (!answer.write(block)) return void answer.once('drain', send);
        }
        answer.end();
      };
      send();
    });
    const answer = await get('/');
    let before = -1;
    while (before !== sent) {
      before = sent;
      await delay(300);
    }
    expect(sent).toBeLessThan(32);
    let size = 0;
    for await (const chunk of answer) size += (chunk as Buffer).length;
    expect(size).toBe(256 * MIB);
  });

  test('an answer that is cut off fails', async () => {
    const get = await served((_request, answer) => {
      answer.writeHead(200, { 'content-length': 2 * MIB });
      answer.write(Buffer.alloc(MIB), () => answer.socket!.destroy());
    });
    await expect((await get('/')).toArray()).rejects.toThrow(/aborted|ECONNRESET/);
  });
});
