import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { createdRun, logged, sampleRun, temporaryFolder } from '../testing/sample-store.ts';
import { openStore } from './open-store.ts';
import { SqliteConnection } from './sqlite-connection.ts';

const SAMPLES = new URL('../testing/sample-store.ts', import.meta.url).href;
const OPEN = new URL('./open-store.ts', import.meta.url).href;

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
let url: string;

beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'store.db');
  url = `sqlite:${path}`;
});
afterEach(() => {
  jest.restoreAllMocks();
  folder.remove();
});

/** Another process: `body` runs with `store` open, `samples` imported, and its output is what it prints. */
function script(body: string): string[] {
  const code = `
    import * as samples from ${JSON.stringify(SAMPLES)};
    import { openStore } from ${JSON.stringify(OPEN)};
    const url = ${JSON.stringify(url)};
    ${body}`;
  return ['--conditions=mortise-source', '--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code];
}

const inProcess = async (body: string): Promise<string> => (await promisify(execFile)(process.execPath, script(body))).stdout;

/** Gives the lines that the process has printed once it is gone. */
async function linesUntilKilled(child: ChildProcess, wanted: number): Promise<string[]> {
  let out = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
    if (out.split('\n').length > wanted) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.on('close', resolve));
  return out.split('\n').slice(0, -1);
}

describe('opening', () => {
  test('a store is made only when asked for, and found again', async () => {
    await expect(openStore(url)).rejects.toMatchObject({ code: 'STORE_MISSING' });
    expect(existsSync(path)).toBe(false);
    const made = await openStore(url, { create: true });
    const run = await createdRun(made);
    made.close();
    const again = await openStore(url);
    expect(again.url).toBe(url);
    expect(again.id).toBe(made.id);
    expect(again.id).toMatch(/^[0-9a-f]{32}$/);
    expect(await again.run('latest')).toMatchObject({ id: run.id });
    again.close();
    again.close();
  });

  test('other URLs are refused', async () => {
    for (const bad of ['postgres://host/db', 'sqlite:relative.db', path, '']) {
      await expect(openStore(bad, { create: true })).rejects.toMatchObject({ code: 'STORE_URL_UNSUPPORTED' });
    }
  });

  test('a file that is no database is left as it was', async () => {
    writeFileSync(path, 'this is no database, it only lies where one should be. '.repeat(100));
    for (const create of [true, false]) {
      await expect(openStore(url, { create })).rejects.toMatchObject({
        code: 'STORE_CORRUPT',
        facts: { path, reason: 'file is not a database' },
      });
    }
    expect(readFileSync(path, 'utf8')).toMatch(/^this is no database/);
  });

  test('a damaged store says so in one line', async () => {
    const store = await openStore(url, { create: true });
    for (let i = 0; i < 50; i++) await store.createRun(sampleRun());
    store.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096, bytes.length);
    writeFileSync(path, bytes);
    const failure = openStore(url).then((opened) => opened.runs({}).finally(() => opened.close()));
    await expect(failure).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      line: `STORE_CORRUPT: the store ${path} cannot be read: database disk image is malformed. Restore it from a backup, or move it aside and run "mortise init" to begin a new one.`,
    });
  });

  test('a damaged value in a store says so in one line', async () => {
    const store = await openStore(url, { create: true });
    const { id } = await createdRun(store);
    const other = new DatabaseSync(path);
    other.exec('UPDATE snapshots SET json = substr(json, 1, 9)');
    other.close();
    await expect(store.run(id)).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringMatching(/store\.db cannot be read: a value in it is damaged \(.*JSON/),
    });
    store.close();
  });

  test('an empty file is a store only when asked for', async () => {
    writeFileSync(path, '');
    await expect(openStore(url)).rejects.toMatchObject({ code: 'STORE_CORRUPT', facts: { reason: 'it is empty' } });
    (await openStore(url, { create: true })).close();
  });

  test('a database of something else is not taken over', async () => {
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE customers (id)');
    other.close();
    await expect(openStore(url, { create: true })).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      facts: { reason: 'it is a database of something else (it has "customers")' },
    });
  });

  test('a store of a newer Mortise is refused and not touched', async () => {
    (await openStore(url, { create: true })).close();
    const newer = new DatabaseSync(path);
    newer.exec('UPDATE meta SET schema_version = 99');
    newer.close();
    await expect(openStore(url, { create: true })).rejects.toMatchObject({ code: 'STORE_TOO_NEW', facts: { version: 99, supported: 2 } });
  });

  test('a folder that is not there, or that this user may not write to, is named', async () => {
    await expect(openStore(`sqlite:${folder.path}/none/store.db`, { create: true })).rejects.toMatchObject({
      code: 'FOLDER_NOT_WRITABLE',
      facts: { folder: join(folder.path, 'none'), reason: 'ENOENT' },
    });
    chmodSync(folder.path, 0o755);
    mkdirSync(join(folder.path, 'locked'), { mode: 0o555 });
    const said = await inProcess(`
      // What opens a store is loaded before the user changes, who may not be able to read this checkout.
      (await openStore(url.replace('store.db', 'first.db'), { create: true })).close();
      if (process.getuid() === 0) process.setuid(65534);
      await openStore(url.replace('store.db', 'locked/store.db'), { create: true }).catch((error) => console.log(error.line));`);
    expect(said).toMatch(/^FOLDER_NOT_WRITABLE: cannot write to .*locked \(EACCES\)/);
  });

  test('a full disk is an error that says so, and loses nothing that was stored', async () => {
    const store = await openStore(url, { create: true });
    const kept = await createdRun(store);
    store.close();
    const limited = spawn('sh', [
      '-c',
      'ulimit -f 1000; exec "$@"',
      'sh',
      process.execPath,
      ...script(`
      const store = await openStore(url);
      try {
        for (;;) await store.createRun(samples.sampleRun({ params: { text: 'x'.repeat(20000) } }));
      } catch (error) {
        console.log(error.code);
      }
      store.close();`),
    ]);
    const [line] = await linesUntilKilled(limited, 99);
    expect(line).toBe('STORE_WRITE_FAILED');
    const again = await openStore(url);
    expect(await again.run(kept.id)).toBeDefined();
    again.close();
  });

  test('the warning with which older Node versions load SQLite is not shown, every other one is', async () => {
    const shown = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const load = process.getBuiltinModule;
    jest.spyOn(process, 'getBuiltinModule').mockImplementation((name: string) => {
      process.emitWarning('SQLite is an experimental feature', 'ExperimentalWarning');
      return load(name);
    });
    (await openStore(url, { create: true })).close();
    process.emitWarning('other');
    expect(shown.mock.calls.map(([text]) => text)).toEqual(['other']);
  });
});

test('one fresh file opened several times at once is one store', async () => {
  const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(url, { create: true })));
  expect(new Set(stores.map((store) => store.id)).size).toBe(1);
  for (const store of stores) store.close();
});

describe('several processes', () => {
  test('that open one fresh file at once agree on one store', async () => {
    const ids = await Promise.all(
      Array.from({ length: 4 }, () =>
        inProcess('const store = await openStore(url, { create: true }); console.log(store.id); store.close();'),
      ),
    );
    expect(new Set(ids).size).toBe(1);
  });

  test('that write at once lose nothing and never fail', async () => {
    (await openStore(url, { create: true })).close();
    const writer = `
      const store = await openStore(url);
      const run = await samples.createdRun(store);
      for (let i = 0; i < 150; i++) {
        await samples.completedStep(store, run.id, 'step' + i);
        await samples.logged(store, run.id, [{ kind: 'metrics', values: { loss: i }, step: i, at: i }]);
      }
      store.close();
      console.log(run.id);`;
    const ids = await Promise.all([inProcess(writer), inProcess(writer)]);
    const store = await openStore(url);
    for (const id of ids.map((line) => line.trim())) {
      expect(await store.stepRuns(id)).toHaveLength(150);
      expect(await store.metricHistory(id, 'loss')).toHaveLength(150);
    }
    const numbers = (await store.versions({ artifact: 'wine/step0/output' })).items.map((version) => version.version);
    expect(numbers).toEqual([2, 1]);
    store.close();
  });

  test('that end by process.exit() leave nothing in the log that the next one would have to go through first', async () => {
    await inProcess('const store = await openStore(url, { create: true }); await samples.createdRun(store); process.exit();');
    expect(existsSync(`${path}-wal`)).toBe(false);
    const store = await openStore(url);
    expect((await store.runs({})).items).toHaveLength(1);
    store.close();
  });

  test('a kill -9 in the middle of writing loses nothing that was acknowledged and leaves no half of a commit', async () => {
    (await openStore(url, { create: true })).close();
    const child = spawn(
      process.execPath,
      script(`
        import { writeSync } from 'node:fs';
        const store = await openStore(url);
        const run = await samples.createdRun(store, { name: 'killed' });
        for (let i = 0; ; i++) {
          const { id } = await samples.completedStep(store, run.id, 'step' + i, {}, { metadata: { i: { type: 'number', value: i } } });
          writeSync(1, id + '\\n');
        }`),
    );
    const acknowledged = await linesUntilKilled(child, 200);
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    const store = await openStore(url);
    const steps = await store.stepRuns((await store.run('killed'))!.id);
    const completed = steps.filter((step) => step.status === 'completed');
    expect(completed.map((step) => step.id)).toEqual(expect.arrayContaining(acknowledged));
    for (const step of completed) expect([step.outputs.length, step.metadata['i']?.value]).toEqual([1, Number(step.stepId.slice(4))]);
    for (const step of steps) if (step.status === 'running') expect(step.outputs).toEqual([]);
    store.close();
    const check = new DatabaseSync(path);
    expect(check.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    check.close();
  });
});

describe('a store locked by another', () => {
  let holder: DatabaseSync;
  beforeEach(async () => {
    (await openStore(url, { create: true })).close();
    holder = new DatabaseSync(path);
  });
  afterEach(() => holder.close());

  test('is waited for, and meanwhile this process goes on', async () => {
    const store = await openStore(url);
    holder.exec('BEGIN IMMEDIATE');
    const written = store.createRun(sampleRun({ name: 'patient' }));
    // SQLite's own waiting would let this thread have one turn in all, until it gives up.
    for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await store.run('patient')).toBeUndefined();
    holder.exec('COMMIT');
    await written;
    expect(await store.run('patient')).toBeDefined();
    store.close();
  });

  test('is not read before it is ours to write', async () => {
    const connection = await SqliteConnection.open(path, false);
    holder.exec('BEGIN IMMEDIATE');
    let began = 0;
    const written = connection.write(() => began++);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(began).toBe(0);
    holder.exec('COMMIT');
    await written;
    expect(began).toBe(1);
    connection.close();
  });

  test('is given up after 30 s', async () => {
    const store = await openStore(url);
    holder.exec('BEGIN IMMEDIATE');
    const began = performance.now();
    let calls = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => began + 15_001 * calls++);
    await expect(store.createRun(sampleRun())).rejects.toMatchObject({ code: 'STORE_BUSY', facts: { path, seconds: 30 } });
    holder.exec('ROLLBACK');
    await store.createRun(sampleRun());
    store.close();
  });
});

test('a batch of thousands of points is applied whole', async () => {
  const store = await openStore(url, { create: true });
  const run = await createdRun(store);
  const events = Array.from({ length: 5_000 }, (_, i) => ({ kind: 'metrics' as const, values: { loss: 1 / i, accuracy: i }, step: i }));
  await logged(store, run.id, events);
  expect(await store.metricHistory(run.id, 'accuracy')).toHaveLength(5_000);
  expect((await store.metricHistory(run.id, 'loss'))[0]).toEqual({ step: 0, at: 1, value: Infinity });
  store.close();
});

test('a Node without SQLite is told which one is needed', async () => {
  const body = `await openStore(url, { create: true }).catch((error) => console.log(error.line));`;
  const said = await promisify(execFile)(process.execPath, ['--no-experimental-sqlite', ...script(body)]);
  expect(said.stdout).toBe(
    `NODE_TOO_OLD: Mortise needs Node 22.18 or newer, and this is ${process.versions.node}. Install a newer Node from https://nodejs.org.\n`,
  );
});
