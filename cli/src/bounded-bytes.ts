/** What is written by hand or is a key is far smaller; a device or a pipe may have no end. */
const MOST_BYTES = 1_000_000;

/** Why a file or stdin is refused that has more. */
export const TOO_MANY_BYTES = `it has more than ${MOST_BYTES.toLocaleString('en')} bytes`;

/** All bytes of a stream; undefined if there are more than can be meant, of which no more are read. */
export async function boundedBytes(stream: AsyncIterable<unknown>): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    size += chunks.at(-1)!.length;
    if (size > MOST_BYTES) return undefined;
  }
  return Buffer.concat(chunks);
}
