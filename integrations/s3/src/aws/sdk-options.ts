import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';

import type { S3ArtifactStoreConfig } from '../s3-artifact-store-config.ts';
import { readIntoOneBuffer } from './read-into-one-buffer.ts';

/** How to reach a bucket. */
export type BucketAccess = Pick<
  S3ArtifactStoreConfig,
  'endpoint' | 'region' | 'forcePathStyle' | 'key' | 'secret' | 'sessionToken' | 'kmsKeyId' | 'storageClass' | 'timeoutMs'
>;

const CONNECT_MS = 10_000;
const quiet = (): void => undefined;

/** Options of the SDK's client. Those that are not given it would take from the environment: that is meant for the region and the credentials only. */
export function sdkOptions({ endpoint, region, forcePathStyle, key, secret, sessionToken, timeoutMs }: BucketAccess): S3ClientConfig {
  const ownRegion = region ?? (endpoint === undefined ? undefined : 'us-east-1');
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(ownRegion !== undefined && { region: ownRegion }),
    ignoreConfiguredEndpointUrls: true,
    forcePathStyle: forcePathStyle ?? endpoint !== undefined,
    // With credentials of its own the SDK asks nobody else for some: no file, no metadata service of a cloud.
    ...(key !== undefined &&
      secret !== undefined && {
        credentials: { accessKeyId: key, secretAccessKey: secret, ...(sessionToken !== undefined && { sessionToken }) },
      }),
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    // A download that goes on in the middle has no checksum of S3; all are checked against the sha256 that was kept when they were stored.
    responseChecksumValidation: 'WHEN_REQUIRED',
    // It would open a connection for each part.
    expectContinueHeader: false,
    maxAttempts: 1,
    defaultsMode: 'standard',
    logger: { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet },
    requestHandler: new NodeHttpHandler({
      connectionTimeout: Math.min(CONNECT_MS, timeoutMs),
      socketTimeout: timeoutMs,
      httpAgent: readIntoOneBuffer(new HttpAgent({ keepAlive: true, maxSockets: Infinity })),
      httpsAgent: readIntoOneBuffer(new HttpsAgent({ keepAlive: true, maxSockets: Infinity })),
    }),
  };
}
