import { randomBytes } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanEnvironment } from './clean-environment.ts';
import { programOf, provisioned } from './provisioned.ts';
import type { RestartableServer } from './real-server.ts';
import { startServer } from './restartable-process.ts';

export interface MlflowServer extends RestartableServer {
  /** The interpreter that has the `mlflow` package. */
  readonly python: string;
}

export interface MlflowServerOptions {
  /** Behind MLflow's own basic-auth app, with this administrator. MLflow wants a password of 12 characters or more. */
  auth?: { username: string; password: string };
  /** Where the artifact proxy stores. Default: a folder inside `folder`. */
  artifactsDestination?: string;
  /** Added to the server's environment. */
  env?: Record<string, string>;
  /** Default: a free one. */
  port?: number;
}

/**
 * Starts MLflow on SQLite in a new temporary folder; resolves when `GET /health` answers, which can take a minute or two the first time.
 * @throws Error when it is not on this machine, ends at its start or is not healthy within 3 minutes
 */
export async function startMlflow(options: MlflowServerOptions = {}): Promise<MlflowServer> {
  const { auth } = options;
  const program = programOf('mlflow');
  const server = await startServer({
    name: 'mlflow',
    port: options.port,
    command: program,
    args: (folder, port) => [
      ...['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
      ...['--backend-store-uri', `sqlite:///${folder}/mlflow.db`],
      ...['--artifacts-destination', options.artifactsDestination ?? `${folder}/artifacts`],
      ...(auth ? ['--app-name', 'basic-auth'] : []),
    ],
    env: cleanEnvironment({
      // Without it the server has eight more processes and twice the memory.
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      PYTHONUNBUFFERED: '1',
      ...(auth && {
        MLFLOW_FLASK_SERVER_SECRET_KEY: randomBytes(24).toString('hex'),
        MLFLOW_AUTH_ADMIN_USERNAME: auth.username,
        MLFLOW_AUTH_ADMIN_PASSWORD: auth.password,
      }),
      ...options.env,
    }),
    // Making its 65 tables takes as long as all the rest of a start.
    prepare: (folder) => copyFile(provisioned.mlflow.emptyDatabase, join(folder, 'mlflow.db')),
    healthPath: '/health',
    startTimeout: 180_000,
  });
  return { ...server, python: program };
}
