import { artifactError, type Explanation } from '@mortise/object-storage';

import type { Access } from './access.ts';
import { isBlobFailure, type FailureKind } from './blob-failure.ts';

/** The error of Mortise for what a container failed with, which was entered in this way; any other error as it is. */
export function explained({ by, ...explanation }: Explanation & { by: Access['by'] }, error: unknown): unknown {
  if (!isBlobFailure(error)) return error;
  return artifactError(explanation, error, ADVICE[error.kind]?.(`mortise artifact-store update ${explanation.store}`, by));
}

const credentials = (update: string, by: Access['by']): string =>
  by === 'identity'
    ? `Log in with the tools of Azure, or give credentials: ${update} --sasToken={{secret.NAME.KEY}}`
    : `Check it: ${update} --${by}={{secret.NAME.KEY}}`;
const address = (update: string): string => `Check the account: ${update} --account=NAME, or --accountUrl=URL`;

const ADVICE: Partial<Record<FailureKind, (update: string, by: Access['by']) => string>> = {
  'no-container': (update) => `Create the container, or name another one: ${update} --path=az://CONTAINER/PREFIX`,
  denied: () =>
    'Allow these credentials to read, add, create, write, delete and list blobs of the container ("Storage Blob Data Contributor").',
  credentials,
  expired: (update, by) => `Give a new one: ${update} --${by}={{secret.NAME.KEY}}`,
  clock: () => "Set this host's clock.",
  'not-azure': address,
  unresolved: address,
  unreachable: (update) => `See that the server runs, or give its address: ${update} --accountUrl=URL`,
  untrusted: () => "Have Node trust the server's certificate: NODE_EXTRA_CA_CERTS=FILE",
  timeout: (update) => `See that the server runs, or wait longer: ${update} --timeoutMs=600000`,
  unseen: () => 'Try again.',
  leased: () => 'End the lease, or wait until it has ended.',
  'lost-blocks': () => 'Let one writer write it, or try again.',
};
