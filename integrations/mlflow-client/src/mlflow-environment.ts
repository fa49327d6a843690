import { readFileSync } from 'node:fs';

import type { MlflowClientOptions } from './mlflow-client-options.ts';
import { mlflowCredentials } from './mlflow-credentials.ts';
import { MlflowError } from './mlflow-error.ts';

interface Given {
  username?: string | undefined;
  password?: string | undefined;
}

/**
 * Options from MLflow's own variables: `MLFLOW_TRACKING_URI`, `_USERNAME`, `_PASSWORD`, `_TOKEN`, `_INSECURE_TLS` (`true`) and `_SERVER_CERT_PATH`
 * (a PEM file, read here). Empty ones count as not set. A user or password that none of them gives is taken from `~/.mlflow/credentials`, as MLflow does.
 */
export function mlflowEnvironment(env: NodeJS.ProcessEnv = process.env): Partial<MlflowClientOptions> {
  const variable = (name: string): string | undefined => env[`MLFLOW_TRACKING_${name}`] || undefined;
  const certificates = variable('SERVER_CERT_PATH');
  const options = {
    trackingUri: variable('URI'),
    ...basic({ username: variable('USERNAME'), password: variable('PASSWORD') }, env),
    token: variable('TOKEN'),
    insecureTls: /^(true|1)$/i.test(variable('INSECURE_TLS') ?? '') || undefined,
    ca: certificates === undefined ? undefined : pem(certificates),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** What is kept counts where it makes a user with a password: a half of them would stand in the way of a token. */
function basic({ username, password }: Given, env: NodeJS.ProcessEnv): Given {
  if (username !== undefined && password !== undefined) return { username, password };
  const kept = { ...mlflowCredentials(env), ...(username && { username }), ...(password && { password }) };
  return kept.username !== undefined && kept.password !== undefined ? kept : { username, password };
}

function pem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw new MlflowError('invalid', `MLFLOW_TRACKING_SERVER_CERT_PATH names ${path}, which is no file that can be read (${code})`, {
      cause,
    });
  }
}
