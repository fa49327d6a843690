import { artifactError, type Explanation } from '@mortise/object-storage';

import { isS3Failure, type FailureKind, type S3Failure } from './s3-failure.ts';

/** The error of Mortise for what a bucket failed with; any other error as it is. */
export function explained(explanation: Explanation, error: unknown): unknown {
  return isS3Failure(error) ? artifactError(explanation, error, adviceFor(error, explanation.store)) : error;
}

const ADVICE: Partial<Record<FailureKind, (update: string, failure: S3Failure) => string>> = {
  'no-bucket': (update) => `Create the bucket, or name another one: ${update} --path=s3://BUCKET/PREFIX`,
  denied: () =>
    'Allow these credentials s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on its objects.',
  'unknown-key': (update) => `Check the access key: ${update} --key=KEY`,
  'wrong-secret': (update) => `Check the secret: ${update} --secret={{secret.NAME.KEY}}`,
  expired: (update) =>
    `Log in again, or give new ones: ${update} --key=KEY --secret={{secret.NAME.KEY}} --sessionToken={{secret.NAME.KEY}}`,
  'no-credentials': (update) => `Log in with the tools of AWS, or give some: ${update} --key=KEY --secret={{secret.NAME.KEY}}`,
  'wrong-region': (update, { instead = 'REGION' }) => `Name the bucket's region: ${update} --region=${instead}`,
  'no-region': (update) => `Name the bucket's region: ${update} --region=REGION`,
  clock: () => "Set this host's clock.",
  'not-s3': (update) => `Check the address of the server: ${update} --endpoint=URL`,
  redirected: (update, { instead = 'URL' }) => `Give the address of the S3 server, which this may be: ${update} --endpoint=${instead}`,
  unresolved: (update) => `Check the address of the server: ${update} --endpoint=URL`,
  unreachable: (update) => `See that the server runs, or give its address: ${update} --endpoint=URL`,
  damaged: () => 'Something between this host and the server changes what is sent: a proxy, or hardware that is broken.',
  untrusted: () => "Have Node trust the server's certificate: NODE_EXTRA_CA_CERTS=FILE",
  timeout: (update) => `See that the server runs, or wait longer: ${update} --timeoutMs=60000`,
};

const adviceFor = (failure: S3Failure, store: string): string | undefined =>
  ADVICE[failure.kind]?.(`mortise artifact-store update ${store}`, failure);
