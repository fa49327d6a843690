import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

/** What the file system answers to one who wants a folder's entries brought to the disk. */
let refusal: string | undefined;
const refuse = (fd: number): Error | undefined =>
  refusal !== undefined && fs.fstatSync(fd).isDirectory()
    ? Object.assign(new Error(`${refusal}: fsync`), { code: refusal, syscall: 'fsync' })
    : undefined;
jest.unstable_mockModule('node:fs', () => ({
  ...fs,
  fsyncSync: (fd: number) => {
    const error = refuse(fd);
    if (error !== undefined) throw error;
    fs.fsyncSync(fd);
  },
  fsync: (fd: number, done: (error: Error | null) => void) => {
    const error = refuse(fd);
    if (error === undefined) fs.fsync(fd, done);
    else setImmediate(done, error);
  },
}));
const { create } = await import('./local-artifact-store.ts');

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'mortise-folder-'));
});
afterEach(() => {
  refusal = undefined;
  fs.rmSync(folder, { recursive: true });
});

const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet };
const open = () => create({ config: { path: join(folder, 'store') }, name: 'local', log, fetch, scratch: folder, projectRoot: folder });

// What network file systems answer, and some in user space.
test.each(['EINVAL', 'EBADF', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
  'a store works where the file system brings no folders to the disk by themselves (%s)',
  async (code) => {
    refusal = code;
    const store = await open();
    await store.put('a/b', Buffer.from('x'));
    expect((await store.list('')).items.map(({ key }) => key)).toEqual(['a/b']);
    expect((await open()).id).toBe(store.id);
  },
);

test('a folder that cannot be brought to the disk fails the put: its object may be gone after a power cut', async () => {
  const store = await open();
  refusal = 'EIO';
  await expect(store.put('a/b', Buffer.from('x'))).rejects.toThrow('the artifact store "local" failed to write a/b: EIO');
});
