import { randomBytes } from 'node:crypto';
import { cleanEnvironment } from './clean-environment.ts';
import { programOf } from './provisioned.ts';
import type { RealServer } from './real-server.ts';
import { startServer } from './restartable-process.ts';

export interface GcsAdministration {
  /** Makes an empty bucket and returns its name: `prefix` and a random part. */
  createBucket(prefix?: string): Promise<string>;
}

/** A server that speaks the JSON API of Google Cloud Storage, and lets everybody do everything: it looks at no credentials and no signatures. */
export interface GcsServer extends RealServer, GcsAdministration {}

export function gcsAdministration(url: string): GcsAdministration {
  return {
    async createBucket(prefix = 'test') {
      const name = `${prefix}-${randomBytes(6).toString('hex')}`;
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}/storage/v1/b?project=test`, { method: 'POST', headers, body: JSON.stringify({ name }) });
      if (!answer.ok) throw new Error(`no bucket could be made: ${answer.status} ${await answer.text()}`);
      return name;
    },
  };
}

/**
 * Starts fake-gcs-server. What it is given stays in its memory: its other backend keeps objects in files, where a key cannot be another one's folder.
 * @throws Error when it is not on this machine, or ends at its start
 */
export async function startGcs(options: { port?: number } = {}): Promise<GcsServer> {
  const { url, stop } = await startServer({
    name: 'gcs',
    port: options.port,
    command: programOf('gcs'),
    args: (_folder, port) => [
      ...['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory', '-log-level', 'error'],
      // Without a port, so that it is found behind a proxy too.
      ...['-public-host', '127.0.0.1'],
    ],
    env: cleanEnvironment({}),
    healthPath: '/_internal/healthcheck',
    prepare: async () => {},
    startTimeout: 180_000,
  });
  return { url, stop, ...gcsAdministration(url) };
}
