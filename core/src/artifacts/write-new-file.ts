import { open, type FileHandle } from 'node:fs/promises';

/** Written at once, bytes. */
const BLOCK_BYTES = 1 << 20;

/** Writes a file that must not be there yet. What comes next is read while the disk is at work. Throws what either of them does. */
export async function writeNewFile(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx');
  let writing: Promise<void> | undefined;
  try {
    let block: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of bytes) {
      block.push(chunk);
      size += chunk.byteLength;
      if (size < BLOCK_BYTES) continue;
      await writing;
      writing = writeWhole(file, block);
      // Thrown when it is awaited, which may be after the next chunks.
      writing.catch(() => undefined);
      [block, size] = [[], 0];
    }
    await writing;
    if (size > 0) await writeWhole(file, block);
  } finally {
    await writing?.catch(() => undefined);
    await file.close();
  }
}

/** A write may take less than all of it. */
async function writeWhole(file: FileHandle, block: readonly Uint8Array[]): Promise<void> {
  const size = block.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const { bytesWritten } = await file.writev(block);
  if (bytesWritten < size) await file.writeFile(Buffer.concat(block).subarray(bytesWritten));
}
