import { ArtifactStoreFailed } from '@mortise/core';
import type { MlflowError, MlflowErrorKind } from '@mortise/mlflow-client';

import { withoutAuthorityAdvice } from '../authority-advice.ts';

/** What was done when it failed. */
export interface Attempted {
  /** Name of the component. */
  store: string;
  /** In words that follow `failed`: `to write a/b`. */
  doing: string;
}

/** The error of Mortise for what MLflow failed with. */
export function storeFailure({ store, doing }: Attempted, error: MlflowError): Error {
  const reason = withoutAuthorityAdvice(error);
  const update = `mortise artifact-store update ${store}`;
  const advice = error.kind === 'untrusted' && reason === error.message ? undefined : ADVICE[error.kind]?.(update);
  return new ArtifactStoreFailed({ store, doing, reason, ...(advice !== undefined && { advice }) }, { cause: error });
}

/** Of a server that was told to keep no artifacts. */
export function keepsNone({ store, doing }: Attempted, server: string, cause: MlflowError): Error {
  const reason = `MLflow at ${server} keeps no artifacts: it was started with --no-serve-artifacts`;
  const advice = 'Start it with --serve-artifacts, which is its default, and an --artifacts-destination, or use another artifact store.';
  return new ArtifactStoreFailed({ store, doing, reason, advice }, { cause });
}

const ADVICE: Partial<Record<MlflowErrorKind, (update: string) => string>> = {
  unreachable: (update) => `See that the server runs, or give its address: ${update} --trackingUri=URL`,
  timeout: (update) => `See that the server runs, or wait longer: ${update} --timeoutMs=120000`,
  untrusted: (update) => `Give the authority of its certificate: ${update} --trackingCaFile=FILE`,
  unauthorized: (update) => `Check the credentials: ${update} --trackingUsername=NAME --trackingPassword={{secret.NAME.KEY}}`,
  forbidden: (update) =>
    `Have this host allowed (mlflow server --allowed-hosts) or this user, e.g. in the folder of an experiment of theirs: ${update} --path=EXPERIMENT_ID/mortise`,
  protocol: (update) => `Check the server's address: ${update} --trackingUri=URL`,
};
