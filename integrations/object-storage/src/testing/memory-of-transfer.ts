import { execFile } from 'node:child_process';
import { deepEqual, equal } from 'node:assert/strict';
import { promisify } from 'node:util';

import type { Transferred } from './transfer-object.ts';

/** The arguments of a Node process that puts and gets an object of `size` bytes, by a `script` that calls `transferObject`. */
export function argumentsOfTransfer(script: string, { config, key, size }: { config: object; key: string; size: number }): string[] {
  return ['--conditions=mortise-source', script, JSON.stringify([config, key, size])];
}

/** Puts and gets an object in a process of its own, and asserts that both are the same. Gives the most memory of the process, bytes. */
export async function memoryOfTransfer(script: string, object: { config: object; key: string; size: number }): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, argumentsOfTransfer(script, object));
  const { written, read, peak } = JSON.parse(stdout) as Transferred;
  deepEqual(written, read);
  equal(read.size, object.size);
  return peak;
}
