import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { cleanEnvironment } from './clean-environment.ts';
import { programOf } from './provisioned.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Administration {
  /** Makes an empty bucket, which belongs to the administrator, and returns its name: `prefix` and a random part. */
  createBucket(prefix?: string): Promise<string>;
  /** Makes another user, who may do nothing to the buckets there are: 403 AccessDenied. */
  createUser(): Promise<S3Credentials>;
}

/** What an administrator can do at a running server, by the server's own command. */
export function s3Administration(url: string, administrator: S3Credentials): S3Administration {
  const env = cleanEnvironment({
    ADMIN_ACCESS_KEY_ID: administrator.accessKeyId,
    ADMIN_SECRET_ACCESS_KEY: administrator.secretAccessKey,
    ADMIN_ENDPOINT_URL: url,
  });
  const administer = (...args: string[]) => promisify(execFile)(programOf('s3'), ['admin', ...args], { env, timeout: 60_000 });
  return {
    async createBucket(prefix = 'test') {
      const bucket = `${prefix}-${randomBytes(6).toString('hex')}`;
      await administer('create-bucket', '--bucket', bucket, '--owner', administrator.accessKeyId);
      return bucket;
    },
    async createUser() {
      const user = { accessKeyId: randomBytes(10).toString('hex'), secretAccessKey: randomBytes(20).toString('hex') };
      await administer('create-user', '--access', user.accessKeyId, '--secret', user.secretAccessKey, '--role', 'user');
      return user;
    },
  };
}
