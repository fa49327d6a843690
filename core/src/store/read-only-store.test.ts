import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sampleRun, temporaryFolder } from '../testing/sample-store.ts';
import type { MetadataStore } from './metadata-store.ts';
import { openStore } from './open-store.ts';

/** Root may write no more than its modes say without what it may do beyond other users. */
const UNPRIVILEGED = process.getuid?.() === 0 ? ['setpriv', '--inh-caps=-all', '--bounding-set=-all'] : [];

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
let url: string;
let readers: ChildProcess[];

beforeEach(async () => {
  folder = temporaryFolder();
  path = join(folder.path, 'store.db');
  url = `sqlite:${path}`;
  readers = [];
  const store = await openStore(url, { create: true });
  await store.createRun(sampleRun({ name: 'first' }));
  store.close();
});
afterEach(() => {
  for (const reader of readers) reader.kill();
  chmodSync(folder.path, 0o755);
  folder.remove();
});

/** A process that may not write to the folder, opens the store, and at each call prints the names of its runs. */
function reader(): (ask?: string) => Promise<string> {
  chmodSync(folder.path, 0o555);
  const code = `
    import { createInterface } from 'node:readline';
    import { openStore } from ${JSON.stringify(import.meta.resolve('./open-store.ts'))};
    import { sampleRun } from ${JSON.stringify(import.meta.resolve('../testing/sample-store.ts'))};
    const line = (error) => error.line ?? String(error);
    let store;
    for await (const ask of createInterface({ input: process.stdin })) {
      try {
        store ??= await openStore(${JSON.stringify(url)});
        if (ask === 'write') await store.createRun(sampleRun());
        console.log((await store.runs({ sort: 'startedAt' })).items.map(({ name }) => name).join());
      } catch (error) {
        console.log(line(error));
      }
    }`;
  const flags = ['--conditions=mortise-source', '--no-warnings', '--input-type=module', '--eval', code];
  const [file, ...args] = [...UNPRIVILEGED, process.execPath, ...flags];
  const child = spawn(file!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  readers.push(child);
  const lines = createInterface({ input: child.stdout });
  return async (ask = 'read') => {
    const answer = once(lines, 'line') as Promise<[string]>;
    child.stdin.write(`${ask}\n`);
    return (await answer)[0];
  };
}

/** Of its owner. */
async function write(name: string): Promise<MetadataStore> {
  chmodSync(folder.path, 0o755);
  const store = await openStore(url);
  await store.createRun(sampleRun({ name }));
  chmodSync(folder.path, 0o555);
  return store;
}

test('a store in a folder that may not be written to can be read, and nothing is left beside it', async () => {
  const read = reader();
  expect(await read()).toBe('first');
  expect(readdirSync(folder.path)).toEqual(['store.db']);
});

test('to write to it is refused in one line', async () => {
  const read = reader();
  expect(await read('write')).toMatch(/^FOLDER_NOT_WRITABLE: cannot write to [^\n]*\(EACCES\)/);
  expect(await read()).toBe('first');
});

test('a reader sees what others write meanwhile, while they have it open and after they closed it', async () => {
  const read = reader();
  expect(await read()).toBe('first');
  const owner = await write('second');
  expect(await read()).toBe('first,second');
  owner.close();
  expect(await read()).toBe('first,second');
});

test('a reader sees what somebody has written who opened and closed it between two looks', async () => {
  const read = reader();
  expect(await read()).toBe('first');
  chmodSync(folder.path, 0o755);
  const owner = await openStore(url);
  await owner.createRun(sampleRun({ name: 'second' }));
  owner.close();
  chmodSync(folder.path, 0o555);
  expect(readdirSync(folder.path)).toEqual(['store.db']);
  expect(await read()).toBe('first,second');
});

test('a reader beside a process that has it open takes no part in how that closes it', async () => {
  const owner = await write('second');
  const read = reader();
  expect(await read()).toBe('first,second');
  chmodSync(folder.path, 0o755);
  owner.close();
  chmodSync(folder.path, 0o555);
  (await write('third')).close();
  expect(await read()).toBe('first,second,third');
});

test('what a dead process left in the log is not passed over: it says who can mend it, and then goes on', async () => {
  const read = reader();
  expect(await read()).toBe('first');
  const owner = await write('second');
  chmodSync(folder.path, 0o755);
  copyFileSync(`${path}-wal`, `${path}-kept`);
  owner.close();
  copyFileSync(`${path}-kept`, `${path}-wal`);
  chmodSync(folder.path, 0o555);
  for (const ask of [read, reader()])
    expect(await ask()).toMatch(
      /^STORE_LEFT_OPEN: the store [^\n]*store\.db cannot be read without writing to [^\n]* Run "mortise status" there/,
    );
  chmodSync(folder.path, 0o755);
  (await openStore(url)).close();
  chmodSync(folder.path, 0o555);
  expect(await read()).toBe('first,second');
});

test('a store that goes away under a reader is an error in one line', async () => {
  const read = reader();
  expect(await read()).toBe('first');
  chmodSync(folder.path, 0o755);
  renameSync(path, `${path}-moved`);
  chmodSync(folder.path, 0o555);
  expect(await read()).toMatch(/^FOLDER_NOT_WRITABLE: /);
});

test('a folder that may not be looked into is not said to have no store', async () => {
  const read = reader();
  chmodSync(folder.path, 0o000);
  expect(await read()).toMatch(/^FOLDER_NOT_WRITABLE: cannot write to [^\n]*\(EACCES\)/);
});
