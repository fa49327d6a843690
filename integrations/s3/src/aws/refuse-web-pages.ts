import type { S3Client } from '@aws-sdk/client-s3';

/** Objects, whose type may be any. */
const GIVES_OBJECTS = new Set(['GetObjectCommand', 'HeadObjectCommand']);

/** Has the client fail with what `failure` gives when a server answers well, but with a web page: that is no answer of S3. */
export function refuseWebPages(client: S3Client, failure: () => Error): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const result = await next(args);
        const { headers = {} } = result.response as { headers?: Record<string, string> };
        if (!GIVES_OBJECTS.has(commandName) && headers['content-type']?.includes('html')) throw failure();
        return result;
      },
    { step: 'deserialize', name: 'mortiseWebPages', priority: 'high' },
  );
}
