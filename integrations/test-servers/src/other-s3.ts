import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Credentials } from './s3-administration.ts';

/** An S3 server that somebody else runs. */
export interface OtherS3 extends S3Credentials {
  readonly url: string;
  readonly region: string;
  createBucket(prefix?: string): Promise<string>;
}

/**
 * The server that the tests are to use in place of our own, if one is named: `MORTISE_TEST_S3_URL`, `MORTISE_TEST_S3_KEY`, `MORTISE_TEST_S3_SECRET`,
 * and `MORTISE_TEST_S3_REGION` (default `us-east-1`). Its buckets are made by S3's own request, and stay.
 */
export function otherS3(env: NodeJS.ProcessEnv = process.env): OtherS3 | undefined {
  const url = env['MORTISE_TEST_S3_URL'];
  if (!url) return undefined;
  const { MORTISE_TEST_S3_KEY: accessKeyId = '', MORTISE_TEST_S3_SECRET: secretAccessKey = '' } = env;
  const region = env['MORTISE_TEST_S3_REGION'] ?? 'us-east-1';
  return {
    ...{ url, accessKeyId, secretAccessKey, region },
    async createBucket(prefix = 'test') {
      const bucket = `${prefix}-${randomBytes(6).toString('hex')}`;
      const client = new S3Client({ endpoint: url, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      client.destroy();
      return bucket;
    },
  };
}
