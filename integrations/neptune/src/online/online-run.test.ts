import { randomBytes } from 'node:crypto';

import { afterEach, describe, expect, test } from '@jest/globals';
import { ArtifactNotFound, isError, Permanent, Transient, type LoggedEvent, type ReadArtifact, type TrackerRunStart } from '@mortise/core';
import { startFaultyProxy } from '@mortise/test-servers';

import { startNeptuneRecorder, type NeptuneRecorder, type RecorderOptions } from '../testing/neptune-recorder.ts';
import { curve, eventsOf, never, newIdentity, startOf, trackerAt } from '../testing/tracker-at.ts';

let recorder: NeptuneRecorder;
afterEach(() => recorder.stop());

async function opened(options: RecorderOptions = {}, start: Partial<TrackerRunStart> = {}) {
  recorder = await startNeptuneRecorder(options);
  const warnings: string[] = [];
  const tracker = await trackerAt({ mode: 'online', apiToken: recorder.token() }, { warnings });
  const identity = newIdentity();
  const run = await tracker.open(identity, startOf(start), undefined, never);
  return { tracker, identity, run, warnings, told: () => recorder.run(identity.key)! };
}

const artifact = (path: string, size: number): LoggedEvent => ({ kind: 'artifact', path, uri: 'test:', sha256: '', size });

describe('files', () => {
  const large = randomBytes(300_000);
  const inPieces: ReadArtifact = async function* ({ uri: _ }) {
    for (let at = 0; at < large.length; at += 7_000) yield large.subarray(at, at + 7_000);
  };

  test.each<[string, RecorderOptions]>([
    ["Amazon's storage", { provider: 'aws' }],
    ["Amazon's storage, in parts", { provider: 'aws', partSize: 65_536 }],
    ["Azure's", { provider: 'azure' }],
    ["Google's", { provider: 'gcp' }],
  ])('go to %s by addresses that Neptune signs', async (_, options) => {
    const { run, told, identity } = await opened(options, { readArtifact: inPieces });
    const { rejected } = await run.deliver(eventsOf([artifact('models/weights.bin', large.length)]), never);
    expect(rejected).toBeUndefined();
    const field = told().fields.get('artifacts/models/weights.bin')!;
    expect(field).toMatchObject({ kind: 'file', value: { size: 300_000, mime: 'application/octet-stream' } });
    const [path, bytes] = [...recorder.files][0]!;
    expect(path).toBe((field.value as { path: string }).path);
    expect(path).toMatch(new RegExp(`^${identity.key}-\\w+/artifacts_models_weights_bin-\\w+/none/weights\\.bin$`));
    expect(bytes.equals(large)).toBe(true);
    for (const { path: to, headers } of recorder.server.requests)
      if (to.startsWith('/storage/')) expect(headers.authorization).toBeUndefined();
  });

  test('without a byte arrive', async () => {
    const { run, told } = await opened({}, { readArtifact: inPieces });
    expect(await run.deliver(eventsOf([artifact('empty.txt', 0)]), never)).not.toHaveProperty('rejected');
    expect(told().fields.get('artifacts/empty.txt')).toMatchObject({ value: { size: 0, mime: 'text/plain' } });
    expect([...recorder.files.values()].map(String)).toEqual(['']);
  });

  test.each<[number, string, RecorderOptions]>([
    [299_999, 'whole', {}],
    [300_001, 'whole', {}],
    [200_000, 'in parts', { partSize: 65_536 }],
    [400_000, 'in parts', { partSize: 65_536 }],
  ])('of another size than was said, %i bytes, are refused, and keep nothing else from arriving: %s', async (size, _, options) => {
    const { run, told } = await opened(options, { readArtifact: inPieces });
    const { rejected, through } = await run.deliver(eventsOf([artifact('weights.bin', size), ...curve('loss', 3)]), never);
    expect(rejected).toEqual([{ writer: 'w', seq: 1, why: expect.stringMatching(/^"weights.bin": .*another size than the \d+ bytes/) }]);
    expect(through).toEqual({ w: 4 });
    expect(told().series.get('metrics/loss')!.length).toBe(3);
    expect(told().fields.has('artifacts/weights.bin')).toBe(false);
  });

  test.each([
    [400, 'RequestTimeout', Transient],
    [403, 'SignatureDoesNotMatch', Permanent],
  ])(
    'of which a storage says %i %s come again where that passes, and nothing of what they were signed with is told',
    async (status, code, kind) => {
      const { identity, tracker } = await opened();
      const proxy = await startFaultyProxy(recorder.server.url);
      try {
        const body = `<?xml version="1.0"?><Error><Code>${code}</Code><StringToSign>signed</StringToSign></Error>`;
        proxy.inject({ kind: 'answer', status, headers: { 'content-type': 'application/xml' }, body }, { path: '/storage/' });
        const through = await trackerAt({ mode: 'online', apiToken: recorder.token(proxy.url) });
        const run = await through.open(identity, startOf({ readArtifact: inPieces }), undefined, never);
        const error: unknown = await run
          .deliver(eventsOf([artifact('weights.bin', large.length)]), never)
          .catch((thrown: unknown) => thrown);
        expect([isError(error, kind), (error as Error).message]).toEqual([
          true,
          expect.stringMatching(new RegExp(`a file with ${status}: ${code}`)),
        ]);
        expect((error as Error).message).not.toMatch(/signed/);
      } finally {
        await proxy.stop();
        await tracker[Symbol.asyncDispose]();
      }
    },
  );

  test('that are not there are refused, and keep nothing else from arriving', async () => {
    const { run, told } = await opened(
      {},
      {
        readArtifact: () => {
          throw new ArtifactNotFound({ what: 'weights.bin', where: 'the artifact store' });
        },
      },
    );
    const { rejected, through } = await run.deliver(eventsOf([artifact('weights.bin', 5), ...curve('loss', 3)]), never);
    expect(rejected).toEqual([{ writer: 'w', seq: 1, why: expect.stringMatching(/^"weights.bin": .*weights.bin/) }]);
    expect(through).toEqual({ w: 4 });
    expect(told().series.get('metrics/loss')!.length).toBe(3);
  });
});

describe('what was set aside', () => {
  test('is taken when it is sent again, though what came after it had arrived, and nothing of it is there twice', async () => {
    let isThere = false;
    const readArtifact: ReadArtifact = async function* () {
      if (!isThere) throw new ArtifactNotFound({ what: 'weights.bin', where: 'the artifact store' });
      yield await Promise.resolve(Buffer.from('12345'));
    };
    const { run, identity, told } = await opened({}, { readArtifact });
    const events = eventsOf([artifact('weights.bin', 5), ...curve('loss', 3)]);
    expect((await run.deliver(events, never)).rejected).toHaveLength(1);
    const known = await run.close({ status: 'completed' }, Date.now(), never);
    const retried = async (): Promise<number> => {
      const tracker = await trackerAt({ mode: 'online', apiToken: recorder.token() });
      const again = await tracker.open(identity, startOf({ readArtifact, again: true }), known, never);
      const { rejected = [] } = await again.deliver(events.slice(0, 1), never);
      await again.close({ status: 'completed' }, Date.now(), never);
      return rejected.length;
    };
    expect(await retried()).toBe(1);
    isThere = true;
    expect(await retried()).toBe(0);
    expect(told().fields.get('artifacts/weights.bin')).toMatchObject({ kind: 'file' });
    expect(told().series.get('metrics/loss')).toHaveLength(3);
  });

  test('in part is so again, and what came since counts', async () => {
    const long = 'x'.repeat(1_030);
    const { run, identity, told } = await opened();
    const events = eventsOf([
      { kind: 'params', values: { width: 1, nested: { [long]: 1 } } },
      { kind: 'tags', set: { stage: 'early', half: '\ud83d' } },
      { kind: 'params', values: { width: 2 } },
      { kind: 'tags', set: { stage: 'late' } },
    ]);
    expect((await run.deliver(events, never)).rejected).toHaveLength(2);
    const tracker = await trackerAt({ mode: 'online', apiToken: recorder.token() });
    const again = await tracker.open(identity, startOf({ again: true }), run.ref, never);
    expect((await again.deliver(events.slice(0, 2), never)).rejected).toHaveLength(2);
    expect([told().fields.get('params/width')!.value, [...told().sets.get('sys/tags')!]]).toEqual([2, ['team:red', 'stage:late']]);
  });

  test('since its step does not rise is so again', async () => {
    const { run, identity, told } = await opened();
    const events = eventsOf([...curve('loss', 3), { kind: 'metrics', values: { loss: 7 }, step: 1 }, ...curve('loss', 1, 3)]);
    expect((await run.deliver(events, never)).rejected).toHaveLength(1);
    const tracker = await trackerAt({ mode: 'online', apiToken: recorder.token() });
    const again = await tracker.open(identity, startOf({ again: true }), run.ref, never);
    expect((await again.deliver(events.slice(3, 4), never)).rejected).toHaveLength(1);
    expect(told().series.get('metrics/loss')).toHaveLength(4);
  });
});

describe('a point whose step does not rise is set aside, not taken for one that is there,', () => {
  const back: LoggedEvent = { kind: 'metrics', values: { loss: 7 }, step: 1 };

  test('when another process sends it first', async () => {
    const { run, identity, told } = await opened();
    const { ref } = await run.deliver(eventsOf(curve('loss', 3)), never);
    const next = await trackerAt({ mode: 'online', apiToken: recorder.token() });
    const later = await next.open(identity, startOf(), JSON.parse(JSON.stringify(ref)) as typeof ref, never);
    const { rejected } = await later.deliver(eventsOf([back, ...curve('loss', 1, 3)], 4), never);
    expect(rejected).toEqual([{ writer: 'w', seq: 4, why: expect.stringContaining('has step 1 after step 2') }]);
    expect(told().series.get('metrics/loss')).toHaveLength(4);
  });
});

describe('what a server refuses', () => {
  test('is set aside by event, with its reason, and the rest arrives', async () => {
    const { run, told } = await opened({ finite: true });
    const logged: LoggedEvent[] = [
      { kind: 'metrics', values: { loss: 1 }, step: 0 },
      { kind: 'metrics', values: { loss: NaN, acc: 0.5 }, step: 1 },
      { kind: 'params', values: { lr: 1 } },
      { kind: 'params', values: { lr: 0.5, depth: 3 } },
      { kind: 'metrics', values: { loss: 2 }, step: 2 },
    ];
    const { rejected, through } = await run.deliver(eventsOf(logged), never);
    expect(rejected).toEqual([
      { writer: 'w', seq: 2, why: 'refused by Neptune: this Neptune takes no NaN and no infinities' },
      { writer: 'w', seq: 4, why: 'refused by Neptune: the field is there with values of another type' },
    ]);
    expect(through).toEqual({ w: 5 });
    expect(
      told()
        .series.get('metrics/loss')!
        .map(({ step }) => step),
    ).toEqual([0, 2]);
    expect(told().fields.get('params/depth')).toEqual({ kind: 'int', value: 3 });
  });

  test('of what is ours is a warning: the plain fields tell the same', async () => {
    const { run, warnings, told } = await opened({ readOnly: ['sys/name', 'sys/failed', 'sys/description'] });
    await run.deliver(eventsOf([{ kind: 'note', markdown: 'good' }]), never);
    await run.close({ status: 'failed', error: { name: 'Error', message: 'boom' } }, Date.now(), never);
    expect(warnings).toEqual([
      'Neptune does not show all that Mortise tells of the run itself: refused by Neptune: its path cannot be written to',
    ]);
    expect(['note', 'status', 'error/message'].map((path) => told().fields.get(path)!.value)).toEqual(['good', 'failed', 'boom']);
  });

  test('because somebody else has written a later point is told', async () => {
    const { run, told } = await opened();
    await run.deliver(eventsOf(curve('loss', 2)), never);
    told()
      .series.get('metrics/loss')!
      .push({ step: 10, at: 0, value: { kind: 'float', value: 0 } });
    const { rejected } = await run.deliver(eventsOf([{ kind: 'metrics', values: { loss: 1 }, step: 5 }], 3), never);
    expect(rejected).toEqual([{ writer: 'w', seq: 3, why: 'refused by Neptune: its step does not come after that of the last point' }]);
  });
});

test('a point that somebody else has written is told in the first batch, too, of a run that was not there before', async () => {
  const { run, told } = await opened();
  told().series.set('metrics/loss', [{ step: 10, at: 0, value: { kind: 'float', value: 0 } }]);
  const { rejected } = await run.deliver(eventsOf([{ kind: 'metrics', values: { loss: 1 }, step: 5 }]), never);
  expect(rejected).toEqual([{ writer: 'w', seq: 1, why: 'refused by Neptune: its step does not come after that of the last point' }]);
});

test('waits until Neptune has processed what it took', async () => {
  const { run, told } = await opened({ slowChecks: 2 });
  await run.deliver(eventsOf(curve('loss', 5)), never);
  expect(told().series.get('metrics/loss')!.length).toBe(5);
});

test("its address is made by the rule of Neptune's own client", async () => {
  recorder = await startNeptuneRecorder();
  const tracker = await trackerAt({ mode: 'online', apiToken: recorder.token(), project: 'my team/wine & co' });
  const identity = newIdentity();
  const { ref } = await tracker.open(identity, startOf(), undefined, never);
  expect(ref).toMatchObject({
    id: identity.key,
    url: `${recorder.server.url}/my+team/wine+%26+co/-/run/?customId=${identity.key}`,
    ids: { neptune_run_id: identity.key, neptune_project: 'my team/wine & co' },
  });
});

test('a run that goes on after its end says so', async () => {
  const { tracker, identity, run, told } = await opened();
  const ref = await run.close({ status: 'failed', error: { name: 'Error', message: 'boom' } }, Date.now(), never);
  const again = await tracker.open(identity, startOf({ resumed: true }), ref, never);
  const of = (path: string): unknown => told().fields.get(path)?.value;
  expect([of('status'), of('sys/failed'), of('error/message')]).toEqual(['running', false, '']);
  await again.close({ status: 'completed' }, Date.now(), never);
  expect([of('status'), of('sys/failed')]).toEqual(['completed', false]);
});

test('what a pipeline was called with, its source and ids are fields of the run', async () => {
  const source = { command: ['node', 'x.js', '--secret'], file: 'x.js', host: 'h', commit: 'ab12', branch: 'main', dirty: true };
  const tags = { team: 'red', 'mortise.step': 'train' };
  const { told } = await opened({}, { params: { lr: 0.1, net: { depth: 3 } }, source, tags, settings: { experimentName: 'exp-a' } });
  const fields = Object.fromEntries(Array.from(told().fields, ([path, { value }]) => [path, value]));
  expect(fields).toMatchObject({
    'params/lr': 0.1,
    'params/net/depth': 3,
    'source_code/run_command': 'x.js',
    'source_code/commit/commit_id': 'ab12',
    'source_code/branch': 'main',
    'source_code/dirty': true,
    'mortise/step': 'train',
    'mortise/show': 'mortise runs show pr-1',
  });
  expect(told().created).toMatchObject({ experiment: 'exp-a' });
  expect([...told().sets.get('sys/tags')!]).toEqual(['team:red']);
});

test('a project that is not there is told, and final', async () => {
  recorder = await startNeptuneRecorder({ createCode: 8 });
  const tracker = await trackerAt({ mode: 'online', apiToken: recorder.token() });
  const error: unknown = await tracker.open(newIdentity(), startOf(), undefined, never).catch((thrown: unknown) => thrown);
  expect(isError(error, Permanent) && error.message).toMatch(/refused what it was sent for acme\/wine: there is no such project$/);
});

test('more than one request may hold goes in several', async () => {
  const { run, told } = await opened();
  const logged = Array.from({ length: 16 }, (_, n): LoggedEvent => ({ kind: 'params', values: { [`p${n}`]: 'x'.repeat(1_000_000) } }));
  recorder.server.forget();
  expect(await run.deliver(eventsOf(logged), never)).not.toHaveProperty('rejected');
  const sizes = recorder.server.requests.filter(({ path }) => path.endsWith('/ingest')).map(({ body }) => body.length);
  expect(sizes.length).toBe(2);
  expect(Math.max(...sizes)).toBeLessThan(16 * 1024 * 1024);
  expect([...told().fields.keys()].filter((path) => path.startsWith('params/')).length).toBe(16);
});

test('10,000 points are sent in few requests', async () => {
  const { run, told } = await opened();
  const events = eventsOf(curve('loss', 10_000));
  const before = recorder.server.requests.length;
  for (let at = 0; at < events.length; at += 1_000) await run.deliver(events.slice(at, at + 1_000), never);
  expect(recorder.server.requests.length - before).toBe(20);
  expect(
    told()
      .series.get('metrics/loss')!
      .map(({ step }) => step),
  ).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
});
