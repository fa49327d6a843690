import { execFile } from 'node:child_process';
import { deepEqual, equal } from 'node:assert/strict';
import { promisify } from 'node:util';

interface Transferred {
  written: { size: number; sha256: string };
  read: { size: number; sha256: string };
  /** Bytes. */
  maxRss: number;
}

/**
 * Puts and gets an object of `size` bytes in a process of its own, by `script`, to which `config`, `key` and `size` are given. Gives the most memory of
 * the process, bytes. One that took more than `limit` is given two more tries: its garbage may have been collected late, on a machine that is busy.
 */
export async function memoryOfTransfer(
  script: string,
  { config, key, size }: { config: object; key: string; size: number },
  limit: number,
): Promise<number> {
  let least = Infinity;
  for (let tries = 0; tries < 3 && least >= limit; tries++) {
    const args = ['--conditions=mortise-source', script, JSON.stringify([config, key, size])];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { written, read, maxRss } = JSON.parse(stdout) as Transferred;
    deepEqual(written, read);
    equal(read.size, size);
    least = Math.min(least, maxRss);
  }
  return least;
}
