import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import type { Certificate } from './certificates.ts';
import type { RealServer } from './real-server.ts';

/** A server that answers as it likes, with this certificate by TLS. */
export async function startPlainServer(listen: RequestListener, tls?: Certificate): Promise<RealServer> {
  const server = tls === undefined ? createServer(listen) : createTlsServer({ ...tls }, listen);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
