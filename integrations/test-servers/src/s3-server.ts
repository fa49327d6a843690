import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanEnvironment } from './clean-environment.ts';
import { programOf } from './provisioned.ts';
import type { RestartableServer } from './real-server.ts';
import { startServer } from './restartable-process.ts';
import { s3Administration, type S3Administration, type S3Credentials } from './s3-administration.ts';

/** An S3 server and its administrator's keys. Buckets are addressed by path (`forcePathStyle: true`). */
export interface S3Server extends RestartableServer, S3Credentials, S3Administration {
  /** `us-east-1`. */
  readonly region: string;
}

export interface S3ServerOptions {
  /** Default: a free one. */
  port?: number;
}

/**
 * Starts versitygw, an S3 server that checks signatures and checksums, on a new temporary folder. Takes under a second.
 * @throws Error when it is not on this machine, or ends at its start
 */
export async function startS3(options: S3ServerOptions = {}): Promise<S3Server> {
  const credentials = { accessKeyId: randomBytes(10).toString('hex'), secretAccessKey: randomBytes(20).toString('hex') };
  const region = 'us-east-1';
  const server = await startServer({
    name: 's3',
    port: options.port,
    command: programOf('s3'),
    // Its paths must be absolute, and what is said of all backends comes before the word `posix`.
    args: (folder, port) => [
      ...['--port', `127.0.0.1:${port}`, '--region', region, '--health', '/health', '--keep-alive', '--quiet'],
      ...['--iam-dir', `${folder}/users`, '--iam-cache-disable'],
      ...['posix', '--versioning-dir', `${folder}/versions`, `${folder}/buckets`],
    ],
    env: cleanEnvironment({ ROOT_ACCESS_KEY_ID: credentials.accessKeyId, ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey }),
    healthPath: '/health',
    prepare: async (folder) => {
      for (const name of ['users', 'versions', 'buckets']) await mkdir(join(folder, name));
    },
    startTimeout: 180_000,
  });
  return { ...server, ...credentials, region, ...s3Administration(server.url, credentials) };
}
