import { BadOption, StreamSpent } from '../errors.ts';

const MARK = Symbol.for('mortise.stream-artifact.v1');

/** Bytes as they come: a Node `Readable`, a web `ReadableStream`, an async generator, or a function that opens one anew. */
export type StreamSource = AsyncIterable<Uint8Array> | (() => AsyncIterable<Uint8Array>);

/**
 * Bytes that need not fit into memory, as a value: a step that returns one hands over what it gives, and the next step reads it from the artifact store,
 * as often as it likes: `for await (const bytes of artifact)`, `Readable.from(artifact)`, `ReadableStream.from(artifact)`. Size and sha256 are checked while it
 * is read; the last bytes come only after the check, so that whoever has read it to its end has read what was stored.
 */
export class StreamArtifact implements AsyncIterable<Uint8Array> {
  /** Bytes; undefined until it is stored. */
  readonly size: number | undefined;
  readonly #open: () => AsyncIterable<Uint8Array>;

  constructor(open: () => AsyncIterable<Uint8Array>, size?: number) {
    this.#open = open;
    this.size = size;
    Object.defineProperty(this, MARK, { value: true });
  }

  /** Throws `StreamSpent` if it was made of a source that can be read once, and was. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.#open()[Symbol.asyncIterator]();
  }
}

/**
 * A stream of bytes as a step's output. It is read once, straight into the artifact store, when the step ends; if it fails half-way, the step fails and
 * nothing of it is kept.
 * @throws BadOption
 * @example
 * const dump = step('dump', async () => stream(createReadStream('/var/data/rows.csv')));
 * const count = step('count', async ({ rows }: { rows: StreamArtifact }) => {
 *   let size = 0;
 *   for await (const bytes of rows) size += bytes.length;
 *   return size;
 * });
 */
export function stream(source: StreamSource): StreamArtifact {
  if (typeof source === 'function') return new StreamArtifact(source);
  if (!isAsyncIterable(source))
    throw new BadOption({ of: 'stream()', option: 'source', reason: 'must be a stream or a function that opens one' });
  let spent = false;
  return new StreamArtifact(() => {
    if (spent) throw new StreamSpent({});
    spent = true;
    return source;
  });
}

/** True for stream artifacts, also those of another copy of this package. */
export function isStreamArtifact(value: unknown): value is StreamArtifact {
  return typeof value === 'object' && value !== null && MARK in value;
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function'
  );
}
