import { afterAll, expect, jest, test } from '@jest/globals';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// No network file system can be mounted for a test: only the number by which the kernel names one is made up.
jest.unstable_mockModule('node:fs', () => ({ ...fs, statfsSync: () => ({ type: 0x6969 }) }));
const { initProject } = await import('./init-project.ts');

const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'mortise-nfs-')));
afterAll(() => fs.rmSync(root, { recursive: true }));

test('a project on a network file system is refused by init with what to do about it, and nothing is made', async () => {
  await expect(initProject(root)).rejects.toMatchObject({
    code: 'STORE_ON_NETWORK',
    message: `the store ${join(root, '.mortise/store.db')} would lie on a network file system (NFS), where SQLite's write-ahead log does not work`,
    advice: expect.stringContaining('MORTISE_STORE_URL=sqlite:'),
  });
  expect(fs.readdirSync(root)).toEqual([]);
});
