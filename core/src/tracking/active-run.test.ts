import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { activeRun, type ActiveRun } from './active-run.ts';
import { AttemptLog } from './attempt-log.ts';
import { stepContext } from './context.ts';
import type { WrittenRecord } from './event-log-writer.ts';
import type { LoggedEvent } from './experiment-tracker.ts';
import { logTrackedOutput, tracked, type TrackedKind } from './tracked-output.ts';

let events: LoggedEvent[];
let saved: Map<string, string>;
let told: (number | undefined)[];
let attempt: AttemptLog;
let beforeReading: () => Promise<void>;

beforeEach(() => {
  beforeReading = async () => {};
  events = [];
  saved = new Map();
  told = [];
  const start = {
    id: 'step-run',
    saveFile: async (path: string, body: AsyncIterable<Uint8Array> | Uint8Array, size?: number) => {
      told.push(size);
      await beforeReading();
      const parts: Uint8Array[] = [];
      for await (const part of Symbol.asyncIterator in body ? body : [body]) parts.push(part);
      saved.set(path, Buffer.concat(parts).toString());
      return { key: path, uri: `store://${path}`, sha256: 'ab', size: 3 };
    },
  };
  const written = (record: LoggedEvent) => ({ record, segment: 0, from: 0, to: 0 }) as unknown as WrittenRecord;
  attempt = new AttemptLog(
    start,
    [],
    (_, event) => (events.push(event), written(event)),
    () => {},
  );
});

/** Runs code as that of a step. */
function inStep<T>(code: (run: ActiveRun) => T): T {
  const context = {
    version: 1,
    pipeline: 'wine',
    runId: 'run',
    runName: 'wine-1',
    stepId: 'inner.train',
    stepName: 'train',
    mapIndex: 2,
    attempt: 3,
    signal: AbortSignal.abort(),
    tracking: attempt,
  } as const;
  return stepContext().run(context, () => code(activeRun()));
}

/** The one line that a wrong call fails with. */
function refused(call: (run: ActiveRun) => unknown): string {
  try {
    inStep(call);
  } catch (error) {
    return (error as { line: string }).line;
  }
  throw new Error('it was not refused');
}

describe('what is logged', () => {
  test('a metric without a step counts 0, 1, 2, ... per name and context', () => {
    inStep((run) => {
      run.logMetric('loss', 1);
      run.logMetric('loss', 2);
      run.logMetric('loss', 3, { context: 'val' });
      run.logMetrics({ loss: 4, lr: 5 });
    });
    expect(events).toEqual([
      { kind: 'metrics', values: { loss: 1 }, step: 0 },
      { kind: 'metrics', values: { loss: 2 }, step: 1 },
      { kind: 'metrics', values: { loss: 3 }, step: 0, context: 'val' },
      { kind: 'metrics', values: { loss: 4 }, step: 2 },
      { kind: 'metrics', values: { lr: 5 }, step: 0 },
    ]);
  });

  test('metrics of one moment are one event, and NaN is a number', () => {
    inStep((run) => run.logMetrics({ a: 1, b: Number.NaN, c: -Infinity }, { step: 0.5 }));
    expect(events).toEqual([{ kind: 'metrics', values: { a: 1, b: Number.NaN, c: -Infinity }, step: 0.5 }]);
  });

  test('params may be any JSON, dates, big integers, typed arrays', () => {
    const date = new Date(1000);
    inStep((run) =>
      run.logParams({
        lr: 0.1,
        inf: Infinity,
        date,
        big: 2n ** 60n,
        list: new Float32Array([1, 2]),
        deep: { a: [null, undefined] },
        skip: undefined,
      }),
    );
    inStep((run) => run.logParam('url', new URL('https://x.test/')));
    expect(events).toEqual([
      {
        kind: 'params',
        values: {
          lr: 0.1,
          inf: 'Infinity',
          date: '1970-01-01T00:00:01.000Z',
          big: '1152921504606846976',
          list: [1, 2],
          deep: { a: [null, null] },
        },
      },
      { kind: 'params', values: { url: 'https://x.test/' } },
    ]);
  });

  test('what is logged is what it was at the call, also when the value changes later', () => {
    const config = { lr: 1 };
    inStep((run) => run.logJson('config', config));
    config.lr = 2;
    expect(events).toMatchObject([{ value: { lr: 1 } }]);
  });

  test('tags, a note, a dataset and a definition', () => {
    inStep((run) => {
      run.setTag('stage', 'final');
      run.setTags({ fold: 3, good: true, old: null });
      run.setNote('# It works');
      run.logDataset({ name: 'wine', digest: 'ab' });
      run.defineMetric('loss', { summary: 'min', goal: 'minimize' });
      run.defineMetric('lr');
    });
    expect(events).toEqual([
      { kind: 'tags', set: { stage: 'final' } },
      { kind: 'tags', set: { fold: '3', good: 'true' }, remove: ['old'] },
      { kind: 'note', markdown: '# It works' },
      { kind: 'dataset', name: 'wine', digest: 'ab' },
      { kind: 'define-metric', name: 'loss', summary: 'min', goal: 'minimize' },
      { kind: 'define-metric', name: 'lr', summary: 'last' },
    ]);
  });

  test.each([
    ['application/vnd.plotly.v1+json', { data: [{ type: 'bar', y: [1] }], layout: {} }],
    ['application/vnd.vegalite.v5+json', { $schema: 'https://vega.github.io/schema/vega-lite/v5.json', data: [] }],
    ['application/vnd.vegalite.v5+json', { mark: 'bar', encoding: {} }],
    ['application/vnd.vega.v6+json', { $schema: 'https://vega.github.io/schema/vega/v6.json' }],
  ])('a figure is known by its shape: %s', (mime, figure) => {
    inStep((run) => run.logFigure('plot', figure));
    expect(events).toEqual([{ kind: 'json', name: 'plot', mime, value: figure }]);
  });

  test('a table has the columns of all its rows', () => {
    inStep((run) =>
      run.logTable('errors', [
        { id: 1, got: 'a' },
        { id: 2, at: new Date(0) },
      ]),
    );
    expect(events).toMatchObject([
      {
        value: {
          columns: ['id', 'got', 'at'],
          data: [
            [1, 'a', null],
            [2, null, '1970-01-01T00:00:00.000Z'],
          ],
        },
      },
    ]);
  });

  test('a column of a table may be called as what every object has', () => {
    inStep((run) => run.logTable('races', [{ constructor: 'Ferrari', points: 25 }, { points: 18 }]));
    expect(events).toMatchObject([
      {
        value: {
          columns: ['constructor', 'points'],
          data: [
            ['Ferrari', 25],
            [null, 18],
          ],
        },
      },
    ]);
  });

  test('the run knows where it is', () => {
    inStep((run) => {
      expect([run.runId, run.runName, run.pipeline, run.stepId, run.mapIndex, run.attempt, run.signal.aborted, run.url]).toEqual([
        'step-run',
        'wine-1',
        'wine',
        'inner.train',
        2,
        3,
        true,
        undefined,
      ]);
    });
  });

  test('a step without a tracker has no variables for its children and no native handle', async () => {
    await inStep(async (run) => {
      expect(await run.env()).toEqual({});
      await expect(run.native()).rejects.toMatchObject({ code: 'NOT_TRACKED' });
    });
  });
});

describe('files', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-files-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  test('a path, a URL and bytes are stored, and logged with where they are', async () => {
    writeFileSync(join(folder, 'model.txt'), 'model');
    await inStep(async (run) => {
      await run.logArtifact(join(folder, 'model.txt'));
      await run.logArtifact(pathToFileURL(join(folder, 'model.txt')), { path: 'models/a.txt', type: 'text/plain' });
      await run.logArtifact(Buffer.from('raw'), { path: 'raw.bin' });
    });
    expect(Object.fromEntries(saved)).toEqual({ 'model.txt': 'model', 'models/a.txt': 'model', 'raw.bin': 'raw' });
    expect(events[1]).toEqual({
      kind: 'artifact',
      path: 'models/a.txt',
      key: 'models/a.txt',
      uri: 'store://models/a.txt',
      sha256: 'ab',
      size: 3,
      type: 'text/plain',
    });
  });

  test('big files are streamed', async () => {
    writeFileSync(join(folder, 'big'), 'x'.repeat(3 << 20));
    await inStep((run) => run.logArtifact(join(folder, 'big')));
    expect(saved.get('big')).toHaveLength(3 << 20);
  });

  test('a big file that is gone before a store reads it ends no process', async () => {
    const file = join(folder, 'big');
    writeFileSync(file, 'x'.repeat(3 << 20));
    beforeReading = async () => {
      rmSync(file);
      await delay(50);
    };
    await expect(inStep((run) => run.logArtifact(file))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a folder is stored with all that is below it', async () => {
    mkdirSync(join(folder, 'out/deep'), { recursive: true });
    for (const file of ['b', 'a', 'deep/c']) writeFileSync(join(folder, 'out', file), file);
    await inStep((run) => run.logArtifacts(join(folder, 'out'), { path: 'result' }));
    expect([...saved.keys()]).toEqual(['result/a', 'result/b', 'result/deep/c']);
  });

  test('the length of a large file is told to the artifact store', async () => {
    writeFileSync(join(folder, 'large'), Buffer.alloc(3 << 20));
    await inStep((run) => run.logArtifact(join(folder, 'large')));
    expect(told).toEqual([3 << 20]);
  });

  test('a folder with a symbolic link is refused before anything of it is stored, as folder() refuses it', async () => {
    mkdirSync(join(folder, 'out/deep'), { recursive: true });
    writeFileSync(join(folder, 'out/a'), 'a');
    symlinkSync('../a', join(folder, 'out/deep/link'));
    const refusal = await inStep((run) => run.logArtifacts(join(folder, 'out'))).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ line: `BAD_LOG_VALUE: logArtifacts: ${join(folder, 'out/deep/link')} is a symbolic link` });
    expect(saved.size).toBe(0);
  });

  test('what is no regular file is refused as file() refuses it: a pipe without a writer would be read for ever, and keep the process from ending', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const hangs = delay(2_000, 'hangs', { ref: false });
    const refusal = await Promise.race([inStep((run) => run.logArtifact(pipe)).catch((error: unknown) => error), hangs]);
    // Whoever opens it to read waits for a writer.
    if (refusal === 'hangs') closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
    expect(refusal).toMatchObject({ line: `BAD_LOG_VALUE: logArtifact: ${pipe} is no regular file` });
    const endless = await inStep((run) => run.logArtifact('/dev/null')).catch((error: unknown) => error);
    expect(endless).toMatchObject({ line: 'BAD_LOG_VALUE: logArtifact: /dev/null is no regular file' });
  });

  test('a forgotten await loses nothing: settled() waits for it', async () => {
    writeFileSync(join(folder, 'a'), 'a');
    inStep((run) => void run.logArtifact(join(folder, 'a')));
    await attempt.settled();
    expect(events).toMatchObject([{ kind: 'artifact', path: 'a' }]);
  });

  test('what cannot be stored is one clear line', async () => {
    const line = (call: (run: ActiveRun) => Promise<void>): Promise<string> =>
      inStep(call).then(
        () => 'stored',
        (error: { line: string }) => error.line,
      );
    expect(await line((run) => run.logArtifact(join(folder, 'none')))).toBe(
      `BAD_LOG_VALUE: logArtifact: there is no file ${join(folder, 'none')}`,
    );
    expect(await line((run) => run.logArtifact(folder))).toBe(`BAD_LOG_VALUE: logArtifact: ${folder} is a folder: use logArtifacts`);
    expect(await line((run) => run.logArtifacts(join(folder, 'none')))).toBe(
      `BAD_LOG_VALUE: logArtifacts: there is no folder ${join(folder, 'none')}`,
    );
    expect(await line((run) => run.logArtifact(Buffer.from('x')))).toBe('BAD_LOG_VALUE: logArtifact: bytes have no name: give { path }');
    expect(await line((run) => run.logArtifact(Buffer.from('x'), { path: '../x' }))).toContain('"../x" is no relative path');
    expect(await line((run) => run.logArtifact(Buffer.from('x'), 'model' as never))).toBe(
      'BAD_LOG_VALUE: logArtifact: the options are the text "model", not an object: { path, type }',
    );
    expect(await line((run) => run.logArtifacts(folder, 'model' as never))).toBe(
      'BAD_LOG_VALUE: logArtifacts: the options are the text "model", not an object: { path, type }',
    );
    expect(await line((run) => run.logArtifact(Buffer.from('x'), { path: 'x', kind: 'model' } as never))).toBe(
      'BAD_LOG_VALUE: logArtifact: there is no option "kind". Known: path, type.',
    );
    expect(await line((run) => run.logArtifact(Buffer.from('x'), { path: 'x', type: 7 } as never))).toBe(
      'BAD_LOG_VALUE: logArtifact: "type" is 7, not text',
    );
    expect(await line((run) => run.logArtifact(7 as never))).toContain('it takes a path, a file: URL or bytes');
    expect(events).toEqual([]);
  });
});

describe('an array that lost its memory is refused, as it is empty by now', () => {
  const LOST = 'an array whose memory was transferred to another thread';
  const transferred = (): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array([1, 2, 3]);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return bytes;
  };

  test('as bytes of an artifact', async () => {
    const error: unknown = await inStep((run) => run.logArtifact(transferred(), { path: 'weights.bin' })).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ line: `BAD_LOG_VALUE: logArtifact: the bytes are ${LOST}` });
    expect(saved.size).toBe(0);
  });

  test('as a part of a param or of JSON', () => {
    expect(refused((run) => run.logParam('w', transferred()))).toBe(`BAD_LOG_VALUE: logParam: "w" is ${LOST}`);
    expect(refused((run) => run.logJson('w', { deep: [transferred()] }))).toBe(`BAD_LOG_VALUE: logJson: the value.deep[0] is ${LOST}`);
    const [memory, seen] = [new ArrayBuffer(8, { maxByteLength: 8 }), [] as Uint8Array[]];
    seen.push(new Uint8Array(memory, 0, 8));
    memory.resize(4);
    expect(refused((run) => run.logJson('w', seen))).toContain('an array whose memory was made smaller than it');
  });
});

describe('wrong input is one clear line that names the call', () => {
  const self: Record<string, unknown> = {};
  self['me'] = self;
  test.each<[string, (run: ActiveRun) => void]>([
    ['logMetric: "loss" is the text "0.1", not a number', (run) => run.logMetric('loss', '0.1' as never)],
    ['logMetric: "loss" is undefined, not a number', (run) => run.logMetric('loss', undefined as never)],
    ['logMetrics: "loss" is a bigint, not a number', (run) => run.logMetrics({ ok: 1, loss: 1n as never })],
    ['logMetrics: what was given is null, not an object of names and values', (run) => run.logMetrics(null as never)],
    ['logMetric: a metric name is empty', (run) => run.logMetric('', 1)],
    ['logMetric: a metric name is __proto__, which no object can have as a name', (run) => run.logMetric('__proto__', 1)],
    ['logMetrics: a metric name is __proto__, which no object can have as a name', (run) => run.logMetrics({ ['__proto__']: 1 })],
    ['logParam: a param name is __proto__, which no object can have as a name', (run) => run.logParam('__proto__', 1)],
    [
      'logParams: "opt" has the name __proto__, which no object can have',
      (run) => run.logParams({ opt: JSON.parse('{"__proto__":1}') as object }),
    ],
    ['logMetric: a metric name has 251 characters, at most 250 are allowed', (run) => run.logMetric('x'.repeat(251), 1)],
    [
      'logMetric: the step 18014398509481984 is beyond 2^53 - 1, where numbers are not exact',
      (run) => run.logMetric('loss', 1, { step: 2 ** 54 }),
    ],
    ['logMetric: the step is NaN, not a number', (run) => run.logMetric('loss', 1, { step: Number.NaN })],
    ['logMetric: the context is empty', (run) => run.logMetric('loss', 1, { context: '' })],
    ['logMetric: the options are 3, not an object: { step, context }', (run) => run.logMetric('loss', 1, 3 as never)],
    ['logMetrics: the options are 3, not an object: { step, context }', (run) => run.logMetrics({ loss: 1 }, 3 as never)],
    ['logMetric: there is no option "stp". Did you mean "step"?', (run) => run.logMetric('loss', 1, { stp: 3 } as never)],
    ['defineMetric: there is no option "sumary". Did you mean "summary"?', (run) => run.defineMetric('loss', { sumary: 'min' } as never)],
    ['logDataset: there is no option "sha256". Known: name, digest,', (run) => run.logDataset({ name: 'rows', sha256: 'ab' } as never)],
    ['logParam: "f" is a function', (run) => run.logParam('f', () => 1)],
    ['logParams: "m".x[1] is a Map, which is no JSON', (run) => run.logParams({ m: { x: [1, new Map()] } })],
    ['logParams: "p".me contains itself', (run) => run.logParams({ p: self })],
    [
      `logJson: the value${'[0]'.repeat(16)}... is nested more than 1000 levels deep`,
      (run) => run.logJson('deep', JSON.parse('['.repeat(20_000) + ']'.repeat(20_000))),
    ],
    ['logParam: "d" is an invalid date', (run) => run.logParam('d', new Date(Number.NaN))],
    ['setTag: "a" is an object, not text', (run) => run.setTag('a', {} as never)],
    ['setNote: the note is 5, not text', (run) => run.setNote(5 as never)],
    ['setTag: a tag name is blank', (run) => run.setTag(' ', 'x')],
    ['logMetric: a metric name is blank', (run) => run.logMetric('\t\n', 1)],
    ['logJson: the name is empty', (run) => run.logJson('', 1)],
    ['logTable: row 1 is 5, not an object of names and values', (run) => run.logTable('t', [{}, 5 as never])],
    ['defineMetric: "goal" is "up", not one of minimize, maximize', (run) => run.defineMetric('x', { goal: 'up' as never })],
    ['logFigure: the figure is neither Plotly', (run) => run.logFigure('x', { bars: [] })],
  ])('%s', (line, call) => {
    expect(refused(call)).toContain(`BAD_LOG_VALUE: ${line}`);
    expect(events).toEqual([]);
  });
});

test('outside a run nothing is recorded, nothing throws, and it is said once', async () => {
  const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  activeRun().logMetric('loss', 'wrong' as never);
  activeRun().logParams({ f: () => 1 });
  await activeRun().logArtifact('/no/such/file');
  expect(await activeRun().env()).toEqual({});
  expect([activeRun().runId, activeRun().url, activeRun().signal.aborted]).toEqual(['', undefined, false]);
  await expect(activeRun().native()).rejects.toMatchObject({ code: 'NOT_IN_RUN' });
  expect(said).toHaveBeenCalledTimes(1);
  said.mockRestore();
});

describe('tracked outputs', () => {
  const log = (kind: TrackedKind, value: unknown): void => logTrackedOutput(attempt, 'result', kind, value);

  test('are marked by tracked.metrics(), tracked.json(), tracked.figure()', () => {
    expect([tracked.metrics(), tracked.json({ artifact: 'columns' }), tracked.figure()]).toEqual([
      { tracked: 'metrics' },
      { tracked: 'json', artifact: 'columns' },
      { tracked: 'figure' },
    ]);
  });

  test('nested metrics are joined with dots', () => {
    log('metrics', { loss: 1, val: { loss: 2, top: { five: Number.NaN } } });
    expect(events).toEqual([{ kind: 'metrics', values: { loss: 1, 'val.loss': 2, 'val.top.five': Number.NaN }, step: 0 }]);
  });

  test('two metrics that would have one name are refused: one of them would be lost in silence', () => {
    expect(() => log('metrics', { 'val.loss': 1, val: { loss: 2 } })).toThrow('"val.loss"');
    expect(events).toEqual([]);
  });

  test('JSON and figures are logged under the name of the output', () => {
    log('json', ['a', 'b']);
    log('figure', { data: [] });
    expect(events).toMatchObject([
      { name: 'result', mime: 'application/json', value: ['a', 'b'] },
      { name: 'result', mime: 'application/vnd.plotly.v1+json' },
    ]);
  });

  test('a value of another kind is one line that names the output', () => {
    const failing = (kind: TrackedKind, value: unknown) => expect(() => log(kind, value));
    failing('metrics', 5).toThrow('output "result": it is neither a number nor a record of numbers');
    failing('metrics', { val: { loss: 'x' } }).toThrow('output "result": "val.loss" is neither a number nor a record of numbers');
    failing('figure', {}).toThrow('output "result": the figure is neither Plotly');
  });
});
