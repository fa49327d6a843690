/** Where core leaves how to mask the values of secrets that it has read in this process, whichever copy of it that is. */
const SECRETS = Symbol.for('mortise.secrets.v1');

type Write = (this: NodeJS.WriteStream, chunk: string | Uint8Array, ...rest: unknown[]) => boolean;

/** What writes to stdout as it is. */
let unmasked: ((text: string) => boolean) | undefined;

/**
 * Masks the values of secrets in all that this process prints from now on, whoever prints it: a flavor may well say what it calls. Each write is masked for
 * itself, so that nothing of a prompt or of the live list is held back; what steps print comes here masked.
 */
export function maskOutput(): void {
  if (unmasked !== undefined) return;
  const { stdout } = process;
  const write = stdout.write.bind(stdout);
  unmasked = (text) => write(text);
  for (const stream of [stdout, process.stderr]) maskWrites(stream);
}

/** Prints JSON or YAML, whose keys and words are not to be mistaken for secrets: core has masked the texts in it. */
export function writeUnmasked(text: string): void {
  if (unmasked === undefined) process.stdout.write(text);
  else unmasked(text);
}

function maskWrites(stream: NodeJS.WriteStream): void {
  const write = stream.write as unknown as Write;
  const masking: Write = function (chunk, ...rest) {
    const { [SECRETS]: secrets } = globalThis as { [SECRETS]?: { redact(text: string): string } };
    if (secrets === undefined) return Reflect.apply(write, this, [chunk, ...rest]);
    const [encoding] = rest;
    const isEncoded = typeof chunk === 'string' && typeof encoding === 'string' && Buffer.isEncoding(encoding);
    const given = isEncoded ? Buffer.from(chunk, encoding) : chunk;
    const text = typeof given === 'string' ? given : Buffer.from(given).toString();
    const masked = secrets.redact(text);
    // Bytes stay what they are, whatever their encoding, unless there is a secret in them.
    return Reflect.apply(write, this, masked === text ? [chunk, ...rest] : [masked, ...rest.filter((each) => typeof each === 'function')]);
  };
  Object.defineProperty(stream, 'write', { value: masking, writable: true, configurable: true, enumerable: false });
}
