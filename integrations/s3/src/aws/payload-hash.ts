/** The body is not part of the signature; its CRC32 is, and S3 checks that. */
export const UNSIGNED = 'UNSIGNED-PAYLOAD';

/** Before the signature is made. */
export const BEFORE_SIGNING = { step: 'build', name: 'mortisePayloadHash' } as const;

/**
 * Middleware of the SDK that gives a request the sha256 of its body, so that the SDK does not compute one for the signature as well: that of the whole
 * object is computed anyway, and kept where S3 cannot change it. A part has none, as it has none when AWS tools send it over https.
 */
export const withPayloadHash =
  (sha256: string) =>
  <Args extends { request?: unknown }, Result>(next: (args: Args) => Promise<Result>) =>
  (args: Args): Promise<Result> => {
    const { headers } = args.request as { headers: Record<string, string> };
    headers['x-amz-content-sha256'] = sha256;
    return next(args);
  };
