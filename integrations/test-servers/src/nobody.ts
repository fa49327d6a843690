import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { RealServer } from './real-server.ts';

/**
 * An address of this host at which nobody listens, and nobody can until `stop`: a port that was merely free a moment ago may be another program's by now.
 * It is that of the near end of a connection, which stays open.
 */
export async function startNobody(): Promise<RealServer> {
  const far = createServer((socket) => void socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
  await once(far, 'listening');
  const near = connect((far.address() as AddressInfo).port, '127.0.0.1');
  await once(near, 'connect');
  far.unref();
  near.unref();
  return {
    url: `http://127.0.0.1:${near.localPort}`,
    async stop() {
      // Without a farewell, after which the port would rest for a minute.
      near.resetAndDestroy();
      await new Promise((resolve) => far.close(resolve));
    },
  };
}
