import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';

/** Whether nothing listens on this port of 127.0.0.1. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** A port below those that systems give to outgoing connections, so that a server that is away for a while finds it free when it comes back. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(21_000, 32_000);
    if (await isFree(port)) return port;
  }
}
