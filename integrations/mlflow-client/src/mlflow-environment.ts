import { readFileSync } from 'node:fs';

import type { MlflowClientOptions } from './mlflow-client-options.ts';
import { MlflowError } from './mlflow-error.ts';

/**
 * Options from MLflow's own variables: `MLFLOW_TRACKING_URI`, `_USERNAME`, `_PASSWORD`, `_TOKEN`, `_INSECURE_TLS` (`true`) and `_SERVER_CERT_PATH`
 * (a PEM file, read here). Empty ones count as not set.
 */
export function mlflowEnvironment(env: NodeJS.ProcessEnv = process.env): Partial<MlflowClientOptions> {
  const variable = (name: string): string | undefined => env[`MLFLOW_TRACKING_${name}`] || undefined;
  const certificates = variable('SERVER_CERT_PATH');
  const options = {
    trackingUri: variable('URI'),
    username: variable('USERNAME'),
    password: variable('PASSWORD'),
    token: variable('TOKEN'),
    insecureTls: /^(true|1)$/i.test(variable('INSECURE_TLS') ?? '') || undefined,
    ca: certificates === undefined ? undefined : pem(certificates),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
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
