import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { WandbClient } from '../wandb-client.ts';
import type { OnlineRun } from './online-run.ts';
import type { HistoryRow } from '../run-records.ts';
import { startWandbRecorder, type RecordedRun, type WandbRecorder } from '../testing/index.ts';

const KEY = 'k'.repeat(40);
const PLACE = { entity: 'acme', project: 'wine', id: 'r1' };

let recorder: WandbRecorder;
let client: WandbClient;
beforeEach(async () => {
  recorder = await startWandbRecorder();
  client = new WandbClient({ apiKey: KEY, baseUrl: recorder.url });
});
afterEach(() => recorder.stop());

const begin = (): Promise<OnlineRun> => client.begin({ ...PLACE, config: { lr: 0.1 }, startedAt: Date.now() });
const recorded = (): RecordedRun => recorder.run('r1')!;
const rowAt = (step: number, values: Record<string, unknown> = { loss: step }): HistoryRow => ({
  ...values,
  _step: step,
  _timestamp: 1e9 + step,
  _runtime: step,
});
const summary = (): unknown => JSON.parse(recorded().streams['wandb-summary.json']!.at(-1)!);
const streamed = (): { files?: Record<string, { offset: number; content: string[] }> }[] =>
  recorder.requests.filter(({ path }) => path.endsWith('/file_stream')).map((request) => request.json() as object);

describe('a run at the server', () => {
  test('is where the server says, and can be resumed by anybody', async () => {
    const run = await client.begin({ id: 'r1', project: 'wine', config: {}, startedAt: Date.now() });
    expect(run.place).toEqual(PLACE);
    expect(client.runUrl(run.place)).toBe(`${recorder.url}/acme/wine/runs/r1`);
    expect(await client.status(PLACE)).toMatchObject({ begun: true, lines: { history: 0 }, lastStep: undefined });
    expect(await client.status({ ...PLACE, id: 'r2' })).toBeUndefined();
  });

  test('appends rows, each at its place; what waits is sent by flush, in parts that the server takes', async () => {
    const run = await begin();
    const text = 'ß'.repeat(1_000_000);
    run.history([0, 1, 2, 3].map((step) => rowAt(step, { text })));
    expect(streamed()).toEqual([]);
    await run.flush();
    expect(
      streamed()
        .map(({ files }) => files?.['wandb-history.jsonl'])
        .map((lines) => [lines?.offset, lines?.content.length]),
    ).toEqual([
      [0, 2],
      [2, 2],
    ]);
    // Of rows that are not there the summary does not tell.
    expect(streamed().map(({ files }) => files?.['wandb-summary.json'] !== undefined)).toEqual([false, true]);
    await run.flush();
    expect(streamed()).toHaveLength(2);
  });

  test('puts no more into one request than the server takes, whatever it is of', async () => {
    const run = await begin();
    const text = 'x'.repeat(800_000);
    for (let step = 0; step < 5; step++) {
      run.history([rowAt(step, { text })]);
      run.output([{ stream: 'out', text, at: 0 }]);
      run.systemMetrics([{ 'system.text': text, _timestamp: 0, _runtime: 0 }]);
    }
    await run.flush();
    const sizes = recorder.requests.filter(({ path }) => path.endsWith('/file_stream')).map(({ body }) => body.length);
    expect([Math.max(...sizes) <= 10_000_000, sizes.length]).toEqual([true, 3]);
    expect([recorded().streams['wandb-history.jsonl'], recorded().streams['output.log']].map((lines) => lines?.length)).toEqual([5, 5]);
  });

  test('sends each line once, however many ask for it at once, and what comes meanwhile', async () => {
    const run = await begin();
    const flushes: Promise<void>[] = [];
    for (let step = 0; step < 20; step++) {
      run.history([rowAt(step)]);
      flushes.push(run.flush());
      if (step % 7 === 0) await sleep(3);
    }
    await Promise.all([...flushes, run.refresh()]);
    await run.exit(0, 1);
    const steps = recorded().streams['wandb-history.jsonl']!.map((line) => (JSON.parse(line) as HistoryRow)._step);
    expect(steps).toEqual(Array.from({ length: 20 }, (_, step) => step));
    expect([summary(), recorded().overwritten]).toEqual([expect.objectContaining({ loss: 19, _step: 19 }), 0]);
  });

  test('tells what is said while it speaks, and again what it could not tell', async () => {
    const run = await begin();
    run.describe({ notes: 'one' });
    const first = run.flush();
    await sleep(0);
    run.describe({ tags: ['two'] });
    run.config({ three: 3 });
    await first;
    await run.flush();
    expect(recorded()).toMatchObject({ notes: 'one', tags: ['two'], config: { three: { value: 3 } } });
    run.describe({ notes: 'four' });
    await expect(run.flush(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    await run.flush();
    expect(recorded().notes).toBe('four');
  });

  test('sums up what is defined, also in a process that goes on with it', async () => {
    const run = await begin();
    run.defineMetric({ name: 'loss', summary: ['min', 'mean'] });
    run.history([4, 2].map((loss, step) => rowAt(step, { loss })));
    await run.flush();
    const again = client.attach(PLACE, (await client.status(PLACE))!);
    again.history([rowAt(2, { loss: 9 })]);
    await again.flush();
    expect(summary()).toMatchObject({ loss: { min: 2, mean: 5 }, _step: 2, _runtime: 2, _wandb: { runtime: 2 } });
  });

  test('keeps config, notes and tags of an earlier process, and adds its own', async () => {
    await client.begin({ ...PLACE, config: { lr: 0.1, a: 1 }, notes: 'first', tags: ['x'], startedAt: 0 });
    const run = await client.begin({ ...PLACE, config: { a: 2 }, startedAt: 0 }, await client.status(PLACE));
    run.config({ b: NaN });
    await run.flush();
    const { config, notes, tags } = recorded();
    const { _wandb: _vendor, ...values } = config;
    expect({ values, notes, tags }).toEqual({
      values: { lr: { value: 0.1 }, a: { value: 2 }, b: { value: null } },
      notes: 'first',
      tags: ['x'],
    });
  });

  test('forgets all of what the server refused, when it is told to: what comes after it arrives, and counts once', async () => {
    const strict: typeof fetch = (url, init) =>
      typeof init?.body === 'string' && init.body.includes('too long')
        ? Promise.resolve(Response.json({ error: 'the config is too large' }, { status: 400 }))
        : fetch(url, init);
    client = new WandbClient({ apiKey: KEY, baseUrl: recorder.url, fetch: strict });
    const run = await begin();
    run.defineMetric({ name: 'loss', summary: ['mean'] });
    run.history([rowAt(0, { loss: 2 })]);
    await run.flush();
    run.history([rowAt(1, { loss: 4 })]);
    run.config({ text: 'too long', fine: 1 });
    run.defineMetric({ name: 'acc', summary: ['max'] });
    run.summary({ best: 7 });
    await expect(run.flush()).rejects.toThrow('the config is too large');
    run.discard();
    expect(run.lastStep).toBe(0);
    run.history([rowAt(1, { loss: 4, acc: 5 })]);
    run.config({ fine: 2 });
    await run.flush();
    const { _wandb: vendor, ...config } = recorded().config;
    expect(config).toEqual({ lr: { value: 0.1 }, fine: { value: 2 } });
    expect((vendor!.value as { m: unknown[] }).m).toHaveLength(1);
    expect(summary()).toMatchObject({ loss: { mean: 3 }, acc: 5, best: 7, _step: 1 });
  });

  test('tells measurements of the machine, files, alerts and the console', async () => {
    const run = await begin();
    run.systemMetrics([{ 'system.cpu': 5, _timestamp: 1, _runtime: 2 }]);
    run.output([{ stream: 'err', text: 'oops', at: Date.UTC(2026, 0, 2, 3, 4, 5, 6) }]);
    await run.file('plots/a b.txt', { read: () => bytes('hello') });
    await run.alert({ title: 'low', text: 'wine', level: 'WARN' });
    await run.exit(3, 12.9);
    const { streams, files, uploaded, alerts, complete, exitCode } = recorded();
    expect(JSON.parse(streams['wandb-events.jsonl']![0]!)).toEqual({ _wandb: true, 'system.cpu': 5, _timestamp: 1, _runtime: 2 });
    expect(streams['output.log']).toEqual(['ERROR 2026-01-02T03:04:05.006000 oops']);
    expect([files['plots/a b.txt']!.toString(), uploaded, complete, exitCode]).toEqual(['hello', ['plots/a b.txt'], true, 3]);
    expect(alerts).toEqual([{ title: 'low', text: 'wine', severity: 'WARN', waitDuration: 60_000 }]);
    expect(summary()).toMatchObject({ _runtime: 12, _wandb: { runtime: 12 } });
    expect(() => run.history([rowAt(0)])).toThrow('has ended');
  });

  test('says that it goes on while nothing is logged, and not after its end', async () => {
    const run = await begin();
    run.keepAlive(5);
    while (streamed().length < 3) await sleep(5);
    await run.rest();
    const rested = streamed().length;
    await sleep(30);
    expect(streamed()).toHaveLength(rested);
    run.keepAlive(5);
    while (streamed().length === rested) await sleep(5);
    expect(streamed().every((body) => Object.keys(body).length === 0)).toBe(true);
    await run.exit(0, 1);
    const count = streamed().length;
    await sleep(30);
    expect([streamed().length, recorded().complete]).toEqual([count, true]);
  });
});

describe('an artifact', () => {
  const artifact = {
    ...{ name: 'weights', type: 'model', aliases: ['best'], metadata: { k: 1 } },
    files: [{ path: 'dir/w.bin', read: () => bytes('weights') }],
    references: [{ path: 'far.bin', uri: 's3://bucket/far.bin', digest: 'etag', size: 5 }],
  };

  test('has the digest that the vendor gives it, its files and references, and is committed at the end', async () => {
    const run = await begin();
    await run.artifact({ ...artifact, references: [] });
    await run.artifact({ ...artifact, name: 'mixed' });
    const [plain, mixed] = recorder.artifacts;
    // As wandb 0.31.0 told it of a file of these bytes and this name.
    expect(plain).toMatchObject({
      digest: 'b0425fe53e2c6683e5754f55532a4b92',
      aliases: ['best', 'latest'],
      committed: true,
      metadata: { k: 1 },
    });
    expect(plain!.files['dir/w.bin']!.toString()).toBe('weights');
    expect(mixed!.manifest!.contents['far.bin']).toEqual({ digest: 'etag', size: 5, ref: 's3://bucket/far.bin' });
  });

  test('of the same files is the same version, and is not uploaded again', async () => {
    const run = await begin();
    const first = await run.artifact(artifact);
    const uploads = recorder.requests.filter(({ method }) => method === 'PUT').length;
    expect(await run.artifact(artifact)).toEqual(first);
    expect(first.clientId).toHaveLength(128);
    expect([recorder.artifacts.length, recorder.requests.filter(({ method }) => method === 'PUT').length]).toEqual([1, uploads]);
  });

  test('whose file cannot be read is not there, and the reason is what the file says', async () => {
    const run = await begin();
    const broken = { path: 'w', read: () => failing() };
    await expect(run.artifact({ ...artifact, files: [broken] })).rejects.toThrow('the disk is gone');
    expect(recorder.artifacts).toEqual([]);
  });
});

describe('a file that changes while it is read', () => {
  /** Each time it is read it has the next of these texts, in the end the last. */
  const changing = (...texts: string[]) => {
    const left = [...texts];
    return { read: () => bytes(left.length > 1 ? left.shift()! : left[0]!) };
  };
  const CHANGED = { kind: 'invalid', message: 'The file "w.bin" changed while it was being read' };

  test.each([
    ['grows', 'one', 'three'],
    ['shrinks', 'three', 'one'],
    ['is emptied', 'three', ''],
  ])('and %s is uploaded as it is the next time', async (_, before, after) => {
    const run = await begin();
    await run.file('w.bin', changing(before, after));
    expect(recorded().files['w.bin']!.toString()).toBe(after);
    const artifact = { name: 'weights', type: 'model', files: [{ path: 'w.bin', ...changing(before, after) }] };
    await run.artifact(artifact);
    const committed = recorder.artifacts.filter((one) => one.committed);
    expect(committed.map(({ files }) => files['w.bin']!.toString())).toEqual([after]);
  });

  test('and goes on changing is told as that, and no artifact is committed', async () => {
    const run = await begin();
    const growing = Array.from({ length: 9 }, (_, count) => 'x'.repeat(count + 1));
    await expect(run.file('w.bin', changing(...growing))).rejects.toMatchObject(CHANGED);
    const artifact = { name: 'weights', type: 'model', files: [{ path: 'w.bin', ...changing(...growing) }] };
    await expect(run.artifact(artifact)).rejects.toMatchObject(CHANGED);
    expect(recorder.artifacts.filter(({ committed }) => committed)).toEqual([]);
  });

  test('and stays as long as it was is not uploaded half as it was and half as it is', async () => {
    const run = await begin();
    const states = [
      ['o', 'ld'],
      ['o', 'ew'],
      ['n', 'ew'],
    ];
    const source = {
      async *read() {
        for (const part of states.length > 1 ? states.shift()! : states[0]!) yield await Promise.resolve(Buffer.from(part));
      },
    };
    await run.file('w.bin', source);
    expect(recorded().files['w.bin']!.toString()).toBe('new');
  });

  test('and stays as long as it was is no artifact with the digest of other bytes', async () => {
    const run = await begin();
    await run.artifact({ name: 'weights', type: 'model', files: [{ path: 'w.bin', ...changing('old', 'new') }] });
    const [committed, ...others] = recorder.artifacts.filter((one) => one.committed);
    expect([committed!.files['w.bin']!.toString(), others]).toEqual(['new', []]);
    expect(committed!.manifest!.contents['w.bin']!.digest).toBe(createHash('md5').update('new').digest('base64'));
  });
});

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield await Promise.reject<Uint8Array>(new Error('the disk is gone'));
}
