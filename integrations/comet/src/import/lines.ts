/** No message is longer, in UTF-16 units; a text of 512 MB could not even be made. */
const LONGEST = 1 << 27;

/**
 * The lines of a text, one at a time, without their ends. Empty ones are left out; one that is longer than any message is given as an empty one, as an archive
 * may unpack to more than there is memory for.
 */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  // Put together when the line is whole: to do so for each chunk would take the square of the time.
  let begun: string[] = [];
  let length = 0;
  const add = (part: string): void => {
    length += part.length;
    if (length > LONGEST) begun = [];
    else if (part !== '') begun.push(part);
  };
  const taken = (): string | undefined => {
    const line = length === 0 ? undefined : begun.join('');
    begun = [];
    length = 0;
    return line;
  };
  for await (const chunk of chunks) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    for (const [index, part] of parts.entries()) {
      add(part);
      const line = index < parts.length - 1 ? taken() : undefined;
      if (line !== undefined) yield line;
    }
  }
  add(decoder.decode());
  const last = taken();
  if (last !== undefined) yield last;
}
