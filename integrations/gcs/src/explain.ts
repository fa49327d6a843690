import { artifactError, type Explanation } from '@mortise/object-storage';

import { isGcsFailure, type FailureKind } from './gcs-failure.ts';

/** The error of Mortise for what a request failed with; any other error as it is. */
export function explained(explanation: Explanation, error: unknown): unknown {
  if (!isGcsFailure(error)) return error;
  return artifactError(explanation, error, ADVICE[error.kind]?.(`mortise artifact-store update ${explanation.store}`));
}

const ADVICE: Partial<Record<FailureKind, (update: string) => string>> = {
  'no-bucket': (update) => `Create the bucket, or name another one: ${update} --path=gs://BUCKET/PREFIX`,
  denied: () => 'Grant these credentials the role roles/storage.objectUser on the bucket.',
  'no-credentials': (update) =>
    `Log in: gcloud auth application-default login, or give the key of a service account: ${update} --credentials={{secret.NAME.KEY}}`,
  'bad-credentials': (update) => `Give the JSON text of a service account's key: ${update} --credentials={{secret.NAME.KEY}}`,
  expired: (update) => `Log in again: gcloud auth application-default login, or give others: ${update} --credentials={{secret.NAME.KEY}}`,
  'not-gcs': (update) => `Check the address of the server: ${update} --endpoint=URL`,
  unresolved: (update) => `Check the address of the server: ${update} --endpoint=URL`,
  unreachable: (update) => `See that the server runs, or give its address: ${update} --endpoint=URL`,
  untrusted: () => "Have Node trust the server's certificate: NODE_EXTRA_CA_CERTS=FILE",
  timeout: (update) => `See that the server runs, or wait longer: ${update} --timeoutMs=60000`,
};
