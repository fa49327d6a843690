import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { activeRun, Client, initProject, pipeline, step, stream } from '@mortise/core';
import { canStart, python, sharedMlflow, startFaultyProxy, type FaultyProxy, type SharedMlflow } from '@mortise/test-servers';

import { heldBytes } from '../testing/held-bytes.ts';
import { storeAt, textOf } from '../testing/store-at.ts';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const FLAVOR = JSON.stringify(new URL('../index.ts', import.meta.url).href);

/** Reads what a run made, as somebody does who was not there. */
const READER = `
import { Client } from '@mortise/core';
await using client = new Client();
const { steps } = await client.getPipelineRun('first');
const read = async (step) => {
  const { artifact, version } = steps[step].outputs.output;
  return (await client.getArtifactVersion(artifact, version)).load();
};
const table = await read('table');
const values = await read('numbers');
let bytes = 0;
for await (const chunk of await read('dump')) bytes += chunk.length;
console.log(JSON.stringify({ table, values: [...values], bytes, uri: steps.table.outputs.output.uri }));
`;

const DUMP = 3_000_000;
const table = step('table', async () => ({ rows: [1, 2, 3], name: 'Zürich' }));
const numbers = step('numbers', async () => new Float64Array([1, 2.5, Number.NaN]));
const dump = step('dump', { experimentTracker: true }, async () => {
  await activeRun().logArtifact(Buffer.from('some notes'), { path: 'notes.txt' });
  return stream(async function* () {
    for (let sent = 0; sent < DUMP; sent += 100_000) yield new Uint8Array(100_000).fill(sent / 100_000);
  });
});
const total = step('total', async ({ data }: { data: { rows: number[] } }) => data.rows.length);
const shared = pipeline('shared', () => {
  const data = table();
  numbers();
  dump();
  return total({ data });
});

(canStart('mlflow') ? describe : describe.skip)('a stack whose artifacts are kept by a real server', () => {
  let server: SharedMlflow;
  let proxy: FaultyProxy;
  let root: string;
  const before = process.env['MORTISE_PROJECT'];
  const path = `shared-${randomBytes(4).toString('hex')}/mortise`;
  beforeAll(async () => {
    server = await sharedMlflow();
    proxy = await startFaultyProxy(server.url);
    root = mkdtempSync(join(tmpdir(), 'mortise-mlflow-'));
    process.env['MORTISE_PROJECT'] = root;
    await initProject(root);
    writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(root, 'flavor.ts'), `export { artifactStore } from ${FLAVOR};\n`);
    mkdirSync(join(root, 'node_modules', '@mortise'), { recursive: true });
    symlinkSync(join(PACKAGE, '../../core'), join(root, 'node_modules', '@mortise', 'core'), 'dir');
    await using client = new Client();
    await client.registerFlavor({ type: 'artifact-store', source: './flavor.ts#artifactStore' });
    await client.registerComponent({ type: 'artifact-store', name: 'shared', flavor: 'mlflow', config: { trackingUri: proxy.url, path } });
    await client.registerStack('team', { orchestrator: 'default', 'artifact-store': 'shared', 'experiment-tracker': 'default' });
    await client.setActiveStack('team');
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    if (before === undefined) delete process.env['MORTISE_PROJECT'];
    else process.env['MORTISE_PROJECT'] = before;
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
    await proxy?.stop();
    await server?.stop();
  });

  test('keeps what steps return, which another process reads, and which is not made twice', async () => {
    const run = await shared.run({}, { name: 'first' });
    expect(run.status).toBe('completed');
    writeFileSync(join(root, 'reader.ts'), READER);
    const args = ['--conditions=mortise-source', '--import', 'tsx', join(root, 'reader.ts')];
    const env = { ...process.env, TSX_TSCONFIG_PATH: join(PACKAGE, 'tsconfig.json') };
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: PACKAGE, env });
    const read = JSON.parse(stdout) as { uri: string };
    expect(read).toMatchObject({ table: { rows: [1, 2, 3], name: 'Zürich' }, values: [1, 2.5, null], bytes: DUMP });
    expect(read.uri).toMatch(`${proxy.url}/api/2.0/mlflow-artifacts/artifacts/${path}/`);
    expect(await (await fetch(read.uri)).json()).toEqual({ rows: [1, 2, 3], name: 'Zürich' });
    const again = await shared.run({}, { name: 'second' });
    expect(Object.values(again.steps).map((each) => each?.status)).toEqual(['cached', 'cached', 'cached', 'cached']);
  });

  test('shows a byte that came wrong, instead of a value', async () => {
    const run = await shared.run({}, { name: 'third' });
    const { output } = run.steps['numbers']!.outputs;
    proxy.inject({ kind: 'flip-byte', at: 9 }, { method: 'GET', path: 'numbers' });
    await using client = new Client();
    const found = await client.getArtifactVersion(output!.artifact, output!.version);
    await expect(found.load()).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
  });

  test('loses nothing that is needed to garbage collection, and all of a run that was deleted', async () => {
    await using client = new Client();
    const store = await storeAt(server.url, { path });
    const young = `other/${'ab'.repeat(16)}.json`;
    await store.put(young, Buffer.from('{}'));
    const kept = (await store.list('')).items.map(({ key }) => key);
    expect(await client.collectGarbage({ unknown: true })).toMatchObject({ versions: { count: 0 }, unknown: { count: 0 } });
    expect((await store.list('')).items.map(({ key }) => key)).toEqual(kept);
    for (const name of ['third', 'second', 'first']) await client.deleteRun(name);
    const report = await client.collectGarbage({ unknown: true });
    expect(report.versions.count).toBe(4);
    expect((await store.list('')).items.map(({ key }) => key)).toEqual([young]);
  });

  test("what it says where things are, MLflow's own client understands", async () => {
    const store = await storeAt(server.url, { path });
    await store.put('a b/ü#1.txt', Buffer.from('some text'));
    const printed = await python(
      `import mlflow, os
print(open(mlflow.artifacts.download_artifacts(artifact_uri=os.environ["URI"])).read())`,
      { URI: store.uri('a b/ü#1.txt'), MLFLOW_TRACKING_URI: server.url },
    );
    expect(printed.trim()).toBe('some text');
  });

  test.each(['upload cut by the network', 'upload that stops'])('an %s leaves nothing, and what was there', async (_how) => {
    const silently = _how === 'upload that stops';
    const [store, impatient] = [await storeAt(server.url, { path }), await storeAt(proxy.url, { path, timeoutMs: 1_500 })];
    await store.put('cut/old', Buffer.from('what was there'));
    proxy.inject({ kind: 'cut-upload', afterBytes: 300_000, silently }, { method: 'PUT' });
    const body = async function* (): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 20; i++) yield new Uint8Array(100_000);
    };
    for (const key of ['cut/old', 'cut/new'])
      for (const size of [undefined, 2_000_000])
        await expect(impatient.put(key, body(), { ...(size !== undefined && { size }) })).rejects.toMatchObject({
          code: 'ARTIFACT_STORE_FAILED',
        });
    proxy.clear();
    expect((await store.list('cut/')).items).toEqual([{ key: 'cut/old', size: 14 }]);
    expect(await textOf(store.get('cut/old'))).toBe('what was there');
  });

  test('an upload of unknown length needs no more memory than one chunk after another', async () => {
    const store = await storeAt(server.url, { path });
    const size = 256 << 20;
    const chunk = 1 << 20;
    const start = heldBytes();
    let most = 0;
    const look = (): void => void (most = Math.max(most, heldBytes() - start));
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let sent = 0; sent < size; sent += chunk) {
        yield new Uint8Array(chunk).fill(7);
        if (sent % (64 << 20) === 63 << 20) look();
      }
    }
    expect((await store.put('large', body())).size).toBe(size);
    let read = 0;
    let looks = 0;
    for await (const bytes of store.get('large')) {
      read += bytes.length;
      if (Math.floor(read / (64 << 20)) === looks) continue;
      looks += 1;
      look();
    }
    await store.delete(['large']);
    expect(read).toBe(size);
    expect(most).toBeLessThan(128 << 20);
  });
});
