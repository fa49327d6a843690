import { randomBytes } from 'node:crypto';

import { CometError } from './comet-error.ts';

/** A form with one file, to be sent as it is read. */
export interface MultipartFile {
  headers: Record<string, string>;
  body: AsyncIterable<Uint8Array>;
}

/** `size`: of the file, bytes. The body fails when the file turns out to have another one: a form that ends early would be taken for whole. */
export function multipartFile(file: AsyncIterable<Uint8Array>, size: number): MultipartFile {
  const boundary = `mortise-${randomBytes(16).toString('hex')}`;
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': String(head.length + size + tail.length),
    },
    body: parts(),
  };

  async function* parts(): AsyncGenerator<Uint8Array, void, undefined> {
    yield head;
    let sent = 0;
    for await (const chunk of file) {
      sent += chunk.length;
      if (sent > size) break;
      yield chunk;
    }
    if (sent !== size) throw new CometError('invalid', `the file has another size than the ${size} bytes that it was said to have`);
    yield tail;
  }
}
