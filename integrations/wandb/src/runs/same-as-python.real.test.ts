import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, vendorCommand, vendorPython } from '@mortise/test-servers';
import { startWandbRecorder, type RecordedRun, type WandbRecorder } from '@mortise/wandb-client/testing';

import { rowOf } from '../testing/read-run.ts';
import { play, PYTHON_HEAD, SCENARIOS } from '../testing/scenarios.ts';
import { KEY, trackerWith } from '../testing/tracker-at.ts';

/**
 * What the server was told, without what must or may differ:
 * - times: `_timestamp`, `_runtime` of rows and summary, `_wandb.runtime`, times in the console's lines;
 * - who tells: host, program, commit, the client's version, platform, features (`_wandb.t`), environment (`_wandb.e`), Python's version;
 * - what Mortise adds: `mortise` in the config, `_mortise` in the summary, metadata of artifacts;
 * - what Python adds: its own lines on the console, the files `requirements.txt`, `wandb-metadata.json`, `config.yaml`, `wandb-summary.json` and
 *   `output.log` beside the run (all but the first say again what config, summary and stream say), `local_path` and `skip_cache` in manifests;
 * - ids that are drawn at random: client ids of artifacts, writer ids; the ids that the recorder gives;
 * - the traceback: each language has its own, the last words are compared.
 */
function told(run: RecordedRun): unknown {
  const { displayName, groupName, jobType, notes, tags, streams, complete, exitCode } = run;
  const { _wandb: vendor, mortise: _ours, ...config } = run.config;
  const { m } = vendor!.value as { m: unknown[] };
  const rows = (streams['wandb-history.jsonl'] ?? []).map((line) => without(rowOf(line), '_timestamp', '_runtime'));
  const summary = without(rowOf(streams['wandb-summary.json']!.at(-1)!), '_timestamp', '_runtime', '_wandb', '_mortise');
  return { displayName, groupName, jobType, notes, tags, config, definitions: definitionsOf(m), rows, summary, complete, exitCode };
}

function without(from: Record<string, unknown>, ...names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));
}

/** By name, the step metric by its name too: their order is free. */
function definitionsOf(m: unknown[]): Record<string, unknown> {
  const all = m as Record<string, string | number>[];
  const nameOf = (at: unknown): unknown => (typeof at === 'number' ? all[at - 1]?.['1'] : undefined);
  return Object.fromEntries(all.map(({ '1': name, '5': at, ...rest }) => [String(name), { ...rest, stepMetric: nameOf(at) }]));
}

/** A table is one of the summary here, and of a step at Python: it is compared by itself. */
const COMPARED = SCENARIOS.map(({ name }) => name).filter((name) => name !== 'table');

(canStart('vendor-clients') ? describe : describe.skip)("what the server is told by Mortise and by the vendor's client", () => {
  let python: WandbRecorder;
  let ours: WandbRecorder;
  /** Told by the vendor's tool, of our offline files. */
  let synced: WandbRecorder;
  const folder = mkdtempSync(join(tmpdir(), 'mortise-wandb-python-'));

  beforeAll(async () => {
    [python, ours, synced] = [await startWandbRecorder(), await startWandbRecorder(), await startWandbRecorder()];
    const script = [PYTHON_HEAD, ...SCENARIOS.map((scenario) => scenario.python)].join('\n');
    const env = { WANDB_BASE_URL: python.url, WANDB_API_KEY: KEY, WANDB_DIR: folder, WANDB_SILENT: 'true', WANDB_ERROR_REPORTING: 'false' };
    await vendorPython(script, env, folder);
    for (const scenario of SCENARIOS)
      await play(() => trackerWith({ mode: 'online', baseUrl: ours.url, apiKey: KEY, project: 'wine' }), scenario);
    const dir = join(folder, 'ours');
    for (const scenario of SCENARIOS) await play(() => trackerWith({ mode: 'offline', dir, project: 'wine' }), scenario);
    const runs = readdirSync(join(dir, 'wandb')).filter((name) => name.startsWith('offline-run-'));
    const told = await vendorCommand('wandb', ['sync', ...runs], { WANDB_BASE_URL: synced.url, WANDB_API_KEY: KEY }, join(dir, 'wandb'));
    expect([told.code, runs.length]).toEqual([0, SCENARIOS.length]);
  });
  afterAll(async () => {
    await python?.stop();
    await ours?.stop();
    await synced?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(COMPARED)('is the same: %s', (name) => {
    const [theirs, mine] = [python.run(name)!, ours.run(name)!];
    expect(told(mine)).toEqual(told(theirs));
    expect(mine.overwritten).toBe(0);
  });

  test.each(COMPARED)('is the same of an offline run that its tool uploads: %s', (name) => {
    expect(told(synced.run(name)!)).toEqual(told(python.run(name)!));
  });

  test('is the same of an artifact: type, name, aliases, digest, manifest and bytes', () => {
    const shown = (recorder: WandbRecorder): unknown =>
      recorder.artifacts
        .filter(({ type }) => type === 'model')
        .map(({ type, collection, digest, aliases, committed, files, manifest }) => {
          const contents = Object.entries(manifest!.contents).map(([path, entry]) => [
            path,
            without({ ...entry }, 'local_path', 'skip_cache', 'birthArtifactID'),
          ]);
          return { type, collection, digest, aliases, committed, files, contents };
        });
    expect(shown(ours)).toEqual(shown(python));
    expect(shown(synced)).toEqual(shown(python));
    const { id, manifest } = ours.artifacts.find(({ type }) => type === 'model')!;
    expect(manifest!.contents['weights.bin']?.birthArtifactID).toBe(id);
  });

  test('is the same of a table: its value, its file, and its artifact with the types of its columns', () => {
    const shown = (recorder: WandbRecorder): unknown => {
      const { streams, files } = recorder.run('table')!;
      const value = rowOf(streams['wandb-summary.json']!.at(-1)!)['scores'] as Record<string, string>;
      const { type, collection, aliases, files: kept, committed } = recorder.artifacts.find((artifact) => artifact.run === 'table')!;
      const pointers = [value['artifact_path'], value['_latest_artifact_path']].map((pointer) => pointer!.replace(/[0-9a-z]{128}/, 'ID'));
      const typed = JSON.parse(kept['scores.table.json']!.toString()) as unknown;
      const media = files[value['path']!]!.toString();
      return {
        value: without(value, 'path', 'artifact_path', '_latest_artifact_path'),
        pointers,
        media,
        type,
        collection,
        aliases,
        typed,
        committed,
      };
    };
    expect(shown(ours)).toEqual(shown(python));
    expect(shown(synced)).toEqual(shown(python));
  });

  test('is the same of a file of the run', () => {
    const [theirs, mine] = [python.run('artifact')!, ours.run('artifact')!];
    expect(mine.files['weights.bin']).toEqual(theirs.files['weights.bin']);
    expect(synced.run('artifact')!.files['weights.bin']).toEqual(theirs.files['weights.bin']);
    expect(mine.uploaded).toEqual(['weights.bin']);
    expect(theirs.uploaded).toContain('weights.bin');
  });

  test('ends, of a run that failed, with its error on the console, in lines of the same form', () => {
    const lines = (recorder: WandbRecorder): string[] => recorder.run('fails')!.streams['output.log']!;
    for (const recorder of [python, ours]) {
      expect(lines(recorder).some((line) => /^ERROR \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} ValueError: boom$/.test(line))).toBe(true);
      for (const line of lines(recorder)) expect(line).toMatch(/^(ERROR )?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} /);
    }
    expect(ours.run('fails')!.config['mortise']!.value).toMatchObject({ status: 'failed', error: { name: 'ValueError', message: 'boom' } });
  });

  test('is the same of what is printed, line by line, of both streams', () => {
    const lines = (recorder: WandbRecorder): string[] =>
      recorder.run('prints')!.streams['output.log']!.map((line) => line.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} /, ''));
    expect(lines(ours)).toEqual(['a line', 'ERROR oh', 'by letters, 🍷', 'two', '  lines', 'ERROR 100%', 'no end']);
    for (const recorder of [python, synced]) {
      const known = lines(recorder).filter((line) => lines(ours).includes(line));
      for (const isError of [true, false]) {
        const of = (all: string[]): string[] => all.filter((line) => line.startsWith('ERROR') === isError);
        expect(of(known)).toEqual(of(lines(ours)));
      }
    }
  });

  test('goes the same way: the key in one header alone, never to the storage', () => {
    for (const recorder of [python, ours]) {
      const all = recorder.requests.filter(({ path }) => !path.startsWith('/sdk/'));
      for (const { path, headers, body, query } of all) {
        const expected = path.startsWith('/storage/') ? undefined : `Basic ${Buffer.from(`api:${KEY}`).toString('base64')}`;
        expect(headers.authorization).toBe(expected);
        expect(body.toString() + path + query.toString()).not.toContain(KEY);
      }
    }
    expect(ours.unknown).toEqual([]);
    const sent = (recorder: WandbRecorder): string[] => Object.keys(recorder.variables('UpsertBucket')[0]!);
    expect(sent(python)).toEqual(expect.arrayContaining(sent(ours)));
  });

  test('can be gone on with by the vendor’s client', async () => {
    const more = `
with init("many", resume="must") as run:
    run.log({"loss": 0.5})
with init("ok", resume="allow", config={"later": 2}) as run: run.log({"loss": 7})
`;
    await vendorPython(
      PYTHON_HEAD + more,
      { WANDB_BASE_URL: ours.url, WANDB_API_KEY: KEY, WANDB_DIR: folder, WANDB_SILENT: 'true' },
      folder,
    );
    const rows = ours.run('many')!.streams['wandb-history.jsonl']!;
    expect([rows.length, rowOf(rows.at(-1)!)['_step']]).toEqual([10_001, 10_000]);
    const { config, streams, overwritten } = ours.run('ok')!;
    expect([config['later']?.value, config['lr']?.value, streams['wandb-history.jsonl']!.length, overwritten]).toEqual([2, 0.1, 7, 0]);
  });
});
