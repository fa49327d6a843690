/** Chunks put together to parts of one size; the last may be shorter. At least one, which is empty where there is nothing. */
export async function* inParts(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  let part = Buffer.allocUnsafe(size);
  let filled = 0;
  let isFirst = true;
  for await (const chunk of body) {
    for (let from = 0; from < chunk.length;) {
      const bytes = chunk.subarray(from, from + size - filled);
      part.set(bytes, filled);
      filled += bytes.length;
      from += bytes.length;
      if (filled < size) continue;
      yield part;
      isFirst = false;
      part = Buffer.allocUnsafe(size);
      filled = 0;
    }
  }
  if (filled > 0 || isFirst) yield part.subarray(0, filled);
}
