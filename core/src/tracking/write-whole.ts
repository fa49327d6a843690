import { writeSync } from 'node:fs';

/** `writeSync` may write less than it was asked to and say so only by its result. */
export function writeWhole(fd: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}
