import * as fs from 'node:fs';

// Node has promises for its FileHandle only, not for numeric descriptors; `promisify` would load node:util, which costs 5 ms of a short process.

function asked<T>(call: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => call((error, value) => (error === null ? resolve(value) : reject(error))));
}

/** Brings a file or folder with its entry to the disk. */
export const fsync = (fd: number): Promise<void> => asked((done) => fs.fsync(fd, (error) => done(error, undefined)));

/** Brings a file's bytes, and what is needed to find them, to the disk. */
export const fdatasync = (fd: number): Promise<void> => asked((done) => fs.fdatasync(fd, (error) => done(error, undefined)));

/** Reads up to `length` bytes at `position` into `into`; gives how many. */
export const read = (fd: number, into: Uint8Array, length: number, position: number): Promise<number> =>
  asked((done) => fs.read(fd, into, 0, length, position, done));

/** Writes the bytes from `offset` on; gives how many were written, which may be fewer than asked. */
export const write = (fd: number, bytes: Uint8Array, offset: number): Promise<number> => asked((done) => fs.write(fd, bytes, offset, done));
