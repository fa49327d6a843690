import { ImportFailed } from '@mortise/core';
import { isMlflowError, MlflowClient, mlflowEnvironment, type MlflowClientOptions } from '@mortise/mlflow-client';

import { isTrackingUri, TRACKING_URI_RULE } from '../tracking-uri.ts';

const FILES =
  'Where there is no server, "mlflow server --backend-store-uri FOLDER_OR_DATABASE" makes one of what "mlflow" has written to the disk.';

/**
 * A client of the server that runs are imported from. The variables' credentials go to the server that the variables name, if they name one.
 * @throws ImportFailed
 */
export function importServer(from: string, env: Record<string, string | undefined>, warn: (message: string) => void): MlflowClient {
  if (!isTrackingUri(from))
    throw new ImportFailed({ from: shown(from), reason: `the address of the server ${TRACKING_URI_RULE}`, advice: FILES });
  try {
    return new MlflowClient({ ...credentials(from, env, warn), trackingUri: from });
  } catch (error) {
    if (!isMlflowError(error)) throw error;
    throw new ImportFailed({ from, reason: error.message }, { cause: error });
  }
}

function credentials(from: string, env: Record<string, string | undefined>, warn: (message: string) => void): Partial<MlflowClientOptions> {
  const { trackingUri, ...others } = mlflowEnvironment(env);
  if (trackingUri === undefined || !URL.canParse(trackingUri) || new URL(trackingUri).origin === new URL(from).origin) return others;
  if (others.username !== undefined || others.token !== undefined)
    warn(
      `the credentials in the environment, or in ~/.mlflow/credentials, are not sent to ${from}: MLFLOW_TRACKING_URI names another server for them`,
    );
  return {};
}

/** A password in it is nobody's business, also one that keeps it from being a URL; nor is a token behind it. */
function shown(from: string): string {
  return from.replace(/\/\/.*@/s, '//***@').replace(/([?#]).*$/s, '$1***');
}
