import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, python, vendorPython } from '@mortise/test-servers';

import { PYTHON_EXPORTS } from '../testing/exported-run.ts';
import { loggedScenario, LONG_TEXT } from '../testing/logged-scenario.ts';
import { PYTHON_SCENARIOS } from '../testing/python-scenarios.ts';
import { take, type TakenRun } from '../testing/taken-runs.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-neptune-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

(canStart('vendor-clients') ? describe : describe.skip)('runs that neptune-scale kept offline', () => {
  const runs = new Map<string, TakenRun>();
  beforeAll(async () => {
    loggedScenario(folder);
    const logs = join(folder, 'python');
    await vendorPython(PYTHON_SCENARIOS, { LOGS: logs, WEIGHTS: join(folder, 'weights.bin') }, folder);
    const taken = await take(logs);
    expect(taken.warnings).toEqual([]);
    for (const run of taken.runs) runs.set(run.run.id.slice('acme/wine/'.length), run);
  });

  test('are all taken over, also those of two processes as one', () => {
    expect([...runs.keys()].sort()).toEqual(
      [
        '10,000 rows',
        '90 kB row',
        'NaN and infinities',
        'a file',
        'an empty run',
        'failure',
        'nested config',
        'resume',
        'success',
        'unicode',
        'what it prints',
      ].sort(),
    );
    expect(runs.get('resume')!.state.metrics).toEqual(
      [0, 1].map((step) => ({ name: 'metrics/loss', step, value: step === 0 ? 0.5 : 0.25 })),
    );
    expect(runs.get('10,000 rows')!.state.metrics.length).toBe(10_000);
  });

  test('with their names, tags, params, points, texts and files', () => {
    const { run, state } = runs.get('success')!;
    expect(run).toMatchObject({ name: 'success', experiment: 'wine', group: 'wine-1', outcome: { status: 'completed' } });
    expect(state).toMatchObject({
      tags: { 'team:red': 'true', baseline: 'true' },
      params: { 'params/lr': 0.01, 'params/n': 3, 'params/flag': true, 'params/opt': 'adam' },
      note: 'low',
      logs: ['a line', 'another'].map((text) => ({ stream: 'out', text })),
    });
    expect(state.metrics).toContainEqual({ name: 'metrics/loss', step: 4.5, value: 0.125 });
    expect(runs.get('90 kB row')!.state.params['params/long']).toBe(LONG_TEXT);
    expect(runs.get('a file')!.files).toEqual({ 'artifacts/models/weights.bin': 'the weights' });
    const odd = runs.get('NaN and infinities')!.state.metrics.map(({ name, value }) => [name, value]);
    expect(Object.fromEntries(odd)).toEqual({ 'metrics/nan': NaN, 'metrics/most': Infinity, 'metrics/least': -Infinity });
  });

  test('with the failure that is marked in them', () => {
    expect(runs.get('failure')!.run.outcome).toEqual({ status: 'failed', error: { name: 'TypeError', message: 'no wine left' } });
  });
});

const ODD_RUNS = `
import os
from neptune_scale import Run

if __name__ == "__main__":
    def start(run_id, **more):
        return Run(project="acme/wine", mode="offline", log_directory=os.environ["LOGS"], run_id=run_id, enable_console_log_capture=False, **more)

    run = start("previews")
    run.log_metrics({"acc": 0.1, "other": 1}, step=1, preview=True, preview_completion=0.5)
    run.log_metrics({"acc": 0.2}, step=1, preview=True, preview_completion=0.9)
    run.log_metrics({"acc": 0.3}, step=2, preview=True)
    run.log_metrics({"acc": 0.5}, step=2)
    run.log_metrics({"acc": 0.75}, step=3)
    run.close()
    run = start("branch", fork_run_id="previews", fork_step=1.5)
    run.log_metrics({"acc": 1}, step=2)
    run.log_files({"images": b"a picture"}, step=2.5)
    run.close()
`;

(canStart('vendor-clients') ? describe : describe.skip)('runs with previews, and forks of them, that neptune-scale kept offline', () => {
  let taken: Awaited<ReturnType<typeof take>>;
  const runCalled = (name: string): TakenRun => taken.runs.find(({ run }) => run.name === name)!;
  beforeAll(async () => {
    const logs = join(folder, 'odd');
    await vendorPython(ODD_RUNS, { LOGS: logs }, folder);
    taken = await take(logs);
  });

  test('have of each step the value that is left, and previews that are left are told of', () => {
    expect(runCalled('previews').state.metrics).toEqual([
      { name: 'acc', step: 1, value: 0.2 },
      { name: 'acc', step: 2, value: 0.5 },
      { name: 'acc', step: 3, value: 0.75 },
      { name: 'other', step: 1, value: 1 },
    ]);
    expect(taken.warnings).toContain('the last points of the series "other" are previews, which no final value has replaced');
  });

  test('say which run they go on with, and from where', () => {
    expect(runCalled('branch').state.metrics).toEqual([{ name: 'acc', step: 2, value: 1 }]);
    expect(taken.warnings).toContain(
      'it is a fork of "acme/wine/previews" from step 1.5 on, and is taken over without the points before, which are those of that run',
    );
  });

  test('have files whose names end as they did, at decimal steps too', () => {
    expect(Object.keys(runCalled('branch').files)).toEqual(['images/step-2.5.bin']);
  });
});

(canStart('mlflow') ? describe : describe.skip)('a run that neptune-exporter wrote', () => {
  test('is taken over with all that it has, from its two parts', async () => {
    await python(PYTHON_EXPORTS, { DATA: join(folder, 'exports/data'), FILES: join(folder, 'exports/files'), POINTS: '500' });
    const { runs, warnings } = await take(join(folder, 'exports'));
    expect(runs.length).toBe(1);
    const { run, state, files, events } = runs[0]!;
    const startedAt = Date.UTC(2026, 1, 1, 12, 0, 0, 250);
    expect(run).toMatchObject({
      id: 'acme/wine/run-7',
      name: 'exp-a',
      experiment: 'exp-a',
      group: 'g1',
      user: 'ann',
      startedAt,
      endedAt: startedAt + 499_000,
    });
    expect(run.outcome).toEqual({
      status: 'failed',
      error: { name: 'ValueError', message: 'no wine left', stack: 'Traceback (most recent call last):\nValueError: no wine left' },
    });
    expect(state.params).toEqual({
      'params/lr': 0.01,
      'params/n': 3,
      'params/big': 2 ** 40,
      'params/on': false,
      'params/when': '2026-02-01T12:00:00.250Z',
      'params/set': ['x', 'y'],
      'params/opt': 'adam',
    });
    expect(state.tags).toEqual({ t1: 'true', 'a:b': 'true' });
    expect(state.note).toBe('a note');
    const loss = state.metrics.filter(({ name }) => name === 'metrics/loss');
    expect(loss).toEqual(Array.from({ length: 500 }, (_, i) => ({ name: 'metrics/loss', step: i / 2, value: 1 / (i + 1) })));
    expect(events.find((event) => event.kind === 'metrics' && event.step === 1.5)!.at).toBe(startedAt + 3_000);
    expect(state.metrics.find(({ name }) => name === 'metrics/nan')!.value).toBe(NaN);
    expect(state.documents).toEqual(['weights/step-1']);
    expect(files).toEqual({ 'files/model.bin': 'the weights' });
    expect(warnings.sort()).toEqual([
      'texts of the series "monitoring/1a/traceback" are taken over as lines of output',
      'the file "files/lost" is not taken over: it is not there',
    ]);
  });

  test('is taken over whole where one of its parts is named, and not at all where one is missing or damaged', async () => {
    const data = join(folder, 'parts/data');
    await python(PYTHON_EXPORTS, { DATA: data, FILES: join(folder, 'parts/files'), POINTS: '500' });
    const [first, second] = [0, 1].map((part) => join(data, `acme_wine_1a2b/run-7_part_${part}.parquet`)) as [string, string];
    const [whole] = (await take(second)).runs;
    expect([whole!.run.name, whole!.state.metrics.length]).toEqual(['exp-a', 501]);
    const bytes = readFileSync(first);
    const unreadable = async () => (await take(join(folder, 'parts'))).runs.map(({ run }) => [run.name, run.unreadable]);
    writeFileSync(first, Buffer.from(bytes).fill(0x55, 4, 400));
    expect(await unreadable()).toEqual([[first, expect.stringMatching(/^it is damaged \(/)]]);
    writeFileSync(first, bytes.subarray(0, bytes.length / 2));
    expect(await unreadable()).toEqual([[first, 'it is no Parquet file, or its end is missing']]);
    rmSync(first);
    expect(await unreadable()).toEqual([[second, 'part 0 of its run is not there']]);
  });

  /** Writes a file that has the columns of these rows, and no others. */
  async function exported(path: string, rows: object[]): Promise<void> {
    mkdirSync(dirname(path), { recursive: true });
    const program = 'import json, os\nimport pyarrow as pa, pyarrow.parquet as pq\n';
    const write = 'pq.write_table(pa.Table.from_pylist(json.loads(os.environ["ROWS"])), os.environ["FILE"])';
    const whole = rows.map((row) => ({ project_id: 'acme/wine', run_id: 'run-8', ...row }));
    await python(`${program}${write}`, { ROWS: JSON.stringify(whole), FILE: path });
  }

  test('has only files of its export, whatever paths it names', async () => {
    const root = join(folder, 'led-out');
    const file = (name: string, path: string) => ({ attribute_path: name, attribute_type: 'file', file_value: { path } });
    await exported(join(root, 'data/acme_wine_1a2b/run-8_part_0.parquet'), [
      file('files/own', 'run-8/own.txt'),
      file('files/key', '../../../secret.txt'),
    ]);
    mkdirSync(join(root, 'files/acme_wine_1a2b/run-8'), { recursive: true });
    writeFileSync(join(root, 'files/acme_wine_1a2b/run-8/own.txt'), 'own');
    writeFileSync(join(folder, 'secret.txt'), 'a private key');
    const { runs, warnings } = await take(root);
    expect(runs[0]!.files).toEqual({ 'files/own.txt': 'own' });
    expect(warnings).toEqual(['the file "files/key" is not taken over: it is not there']);
  });

  test('has the files of its sets and artifacts, as those of Neptune 2 do, and says what is of a kind that is not known', async () => {
    const root = join(folder, 'sets');
    const row = (name: string, type: string, path: string) => ({ attribute_path: name, attribute_type: type, file_value: { path } });
    await exported(join(root, 'data/acme_wine_1a2b/run-8_part_0.parquet'), [
      row('source_code/files', 'file_set', 'acme/wine/run-8/source_code/files'),
      row('gone', 'file_set', 'acme/wine/run-8/gone'),
      row('led out', 'file_set', '../../..'),
      row('data', 'artifact', 'acme/wine/run-8/data/files_list.json'),
      ...[1, 2].map((n) => ({ attribute_path: `source_code/git_${n}`, attribute_type: 'git_ref', file_value: null })),
    ]);
    const files = join(root, 'files/acme/wine/run-8');
    for (const [path, text] of Object.entries({
      'source_code/files/files.zip': 'zipped',
      'source_code/files/a/b.txt': 'b',
      'data/files_list.json': '[]',
    })) {
      mkdirSync(dirname(join(files, path)), { recursive: true });
      writeFileSync(join(files, path), text);
    }
    const { runs, warnings } = await take(root);
    expect(runs[0]!.files).toEqual({
      'source_code/files/a/b.txt': 'b',
      'source_code/files/files.zip': 'zipped',
      'data.json': '[]',
    });
    expect(warnings).toEqual([
      'the file "gone" is not taken over: it is not there',
      'the file "led out" is not taken over: it is not there',
      'values of a kind that is not known here (git_ref) are not taken over: 2',
    ]);
  });

  test('and points without a step are counted on from the one before, which is told', async () => {
    const point = (name: string, step: number | null, value: number) => ({
      ...{ attribute_path: name, attribute_type: 'float_series', step, float_value: value },
    });
    const points = [point('loss', 4.5, 0.5), point('loss', null, 0.25), point('loss', null, 0.125), point('acc', null, 1)];
    await exported(join(folder, 'stepless/run-8.parquet'), points);
    const { runs, warnings } = await take(join(folder, 'stepless'));
    expect(runs[0]!.state.metrics).toEqual([
      { name: 'loss', step: 4.5, value: 0.5 },
      { name: 'loss', step: 5.5, value: 0.25 },
      { name: 'loss', step: 6.5, value: 0.125 },
      { name: 'acc', step: 0, value: 1 },
    ]);
    expect(warnings).toEqual(['values of series without a step, as neptune-exporter gives each, are counted on from the value before: 3']);
  });

  test('and that lacks a column which its rows need is refused, and no step is made up', async () => {
    const loss = { attribute_path: 'loss', attribute_type: 'float_series' };
    const [steps, values, texts] = ['steps', 'values', 'texts'].map((name) => join(folder, 'lacking', name, 'run-8.parquet'));
    await exported(
      steps!,
      [1, 2, 3].map((value) => ({ ...loss, float_value: value })),
    );
    await exported(values!, [{ ...loss, step: 1 }]);
    await exported(texts!, [{ ...loss, step: 1, float_value: 0.5 }]);
    const { runs } = await take(join(folder, 'lacking'));
    expect(runs.map(({ run, state }) => run.unreadable ?? state.metrics)).toEqual([
      'it is no file of neptune-exporter: it has no column "step"',
      [{ name: 'loss', step: 1, value: 0.5 }],
      'it is no file of neptune-exporter: it has no column "float_value"',
    ]);
  });
});
