import * as fs from 'node:fs';

// Node has promises for its FileHandle only, not for numeric descriptors; `promisify` would load node:util, which costs 5 ms of a short process.

function asked<T>(call: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => call((error, value) => (error === null ? resolve(value) : reject(error))));
}

/** Bytes that a quick disk takes in less time than it takes to have another thread wait for it. */
const LITTLE = 256 * 1024;
/** A disk that needs longer, ms, would hold up the other steps: from then on another thread waits, until the disk is quick again. */
const QUICK = 1;
let lastSync = 0;
/** ms. `performance` would load node:perf_hooks. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

async function synced(size: number, here: () => void, elsewhere: () => Promise<void>): Promise<void> {
  const begin = now();
  if (size <= LITTLE && lastSync < QUICK) here();
  else await elsewhere();
  if (size <= LITTLE) lastSync = now() - begin;
}

/** Brings a folder's entries to the disk. */
export const fsync = (fd: number): Promise<void> =>
  synced(
    0,
    () => fs.fsyncSync(fd),
    () => asked((done) => fs.fsync(fd, (error) => done(error, undefined))),
  );

/** Brings a file's bytes, `size` of them, and what is needed to find them to the disk. */
export const fdatasync = (fd: number, size: number): Promise<void> =>
  synced(
    size,
    () => fs.fdatasyncSync(fd),
    () => asked((done) => fs.fdatasync(fd, (error) => done(error, undefined))),
  );

/** Reads up to `length` bytes at `position` into `into`; gives how many. */
export const read = (fd: number, into: Uint8Array, length: number, position: number): Promise<number> =>
  asked((done) => fs.read(fd, into, 0, length, position, done));

/** Writes the bytes from `offset` on; gives how many were written, which may be fewer than asked. */
export const write = (fd: number, bytes: Uint8Array, offset: number): Promise<number> => asked((done) => fs.write(fd, bytes, offset, done));
