import * as types from 'node:util/types';

import { NotSerializable } from '../errors.ts';
import type { Materializer } from './materializer.ts';
import { isStreamArtifact, StreamArtifact } from './stream-artifact.ts';
import { describeValue } from './value-kind.ts';

/** Bytes that are stored as they come. Loading reads nothing yet: whoever reads the artifact gets them from the store, checked. */
export const streamMaterializer: Materializer<StreamArtifact> = {
  name: 'stream',
  version: 1,
  handles: isStreamArtifact,
  async save(value, out) {
    await out.write(checked(value), { extension: 'bin', type: 'application/octet-stream' });
    return null;
  },
  async load(from) {
    return new StreamArtifact(() => from.stream(), from.size());
  },
};

/** A stream in object mode, or with an encoding, gives what is no bytes. */
async function* checked(source: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) {
    if (!types.isUint8Array(chunk)) {
      const gave = typeof chunk === 'object' ? describeValue(chunk) : `a ${typeof chunk}`;
      throw new NotSerializable({ path: 'value', what: `a stream that gave ${gave} instead of bytes (Uint8Array)` });
    }
    yield chunk;
  }
}
