/** The lines of a text, one at a time, without their ends. Empty ones are left out. */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop()!;
    for (const line of parts) if (line !== '') yield line;
  }
  const last = rest + decoder.decode();
  if (last !== '') yield last;
}
