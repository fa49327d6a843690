import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

import type { RealServer } from './real-server.ts';

/** The proxy of a company, as HTTP_PROXY names it. */
export interface ForwardProxy extends RealServer {
  /** `host:port` that it was asked to connect to, each once, in the order of the first time. */
  readonly connected: readonly string[];
  /** Empties `connected`. */
  forget(): void;
}

export async function startForwardProxy(): Promise<ForwardProxy> {
  const connected = new Set<string>();
  const proxy = createServer();
  proxy.on('connect', ({ url = '' }, client) => {
    connected.add(url);
    const target = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    for (const side of [client, target]) side.on('error', () => [client, target].forEach((one) => one.destroy()));
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    get connected() {
      return [...connected];
    },
    forget: () => connected.clear(),
    stop: () => new Promise<void>((resolve) => proxy.close(() => resolve())),
  };
}
