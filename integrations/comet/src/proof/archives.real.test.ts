import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, vendorCommand, vendorPython, vendorRun } from '@mortise/test-servers';

import { flatParams } from '../run/flat-params.ts';
import { notePage } from '../run/note-page.ts';
import { startCometRecorder, type CometRecorder } from '../testing/comet-recorder.ts';
import { importedFrom, pointsOfScenario } from '../testing/imported.ts';
import { never, play } from '../testing/play.ts';
import { CHILD, PLAY } from '../testing/python-scenarios.ts';
import { CHECK_SCHEMAS } from '../testing/python-schemas.ts';
import { contentOf, contentOfScenario } from '../testing/same-content.ts';
import { SCENARIOS } from '../testing/scenarios.ts';
import { trackerIn } from '../testing/tracker-in.ts';

/** What the check of the schemas prints. */
interface Checked {
  wrong: string[];
  count: number;
  types: string[];
}

const API_KEY = 'k'.repeat(25);
const pointText = ({ name, value, step }: { name: string; value: number; step: number }): string => `${name} ${step} ${value}`;

(canStart('vendor-clients') ? describe : describe.skip)('archives', () => {
  let recorder: CometRecorder;
  let folder: string;
  const [ours, theirs] = ['ours', 'theirs'];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mortise-comet-'));
    mkdirSync(join(folder, theirs));
    recorder = await startCometRecorder({ apiKey: API_KEY });
    const make = () => trackerIn(folder, { mode: 'offline', offlineDirectory: ours, workspace: 'acme', projectName: 'demo' });
    for (const scenario of SCENARIOS) await play(await make(), scenario, make);
  });
  afterAll(async () => {
    await recorder?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  test("of ours fit the schemas of Comet's client, message by message", async () => {
    const { wrong, count, types } = JSON.parse(
      (await vendorPython(CHECK_SCHEMAS, { ARCHIVES: join(folder, ours) })).split('\n').at(-2)!,
    ) as Checked;
    expect(wrong).toEqual([]);
    expect(types).toEqual(['file_upload', 'htmlOverride', 'log_other', 'metric_msg', 'parameter_msg']);
    expect(count).toBeGreaterThan(12_500);
  });

  describe('of ours, sent by `comet upload`,', () => {
    let told: { code: number | null; stdout: string; stderr: string };
    beforeAll(async () => {
      const archives = readdirSync(join(folder, ours), { withFileTypes: true }).map(({ name }) => join(folder, ours, name));
      const env = { COMET_API_KEY: API_KEY, COMET_URL_OVERRIDE: `${recorder.url}/clientlib/` };
      told = await vendorCommand('comet', ['upload', ...archives], env, folder);
    });

    test('are all taken', () => {
      expect(`${told.stdout}${told.stderr}`).toContain(`Number of uploaded experiments: ${SCENARIOS.length}`);
      expect(told.code).toBe(0);
    });

    test.each(SCENARIOS)('arrive whole: $name', (scenario) => {
      expect(contentOf(recorder.experiment(scenario.key))).toEqual(contentOfScenario(scenario));
    });

    test('end when they ended, and a failure has its text; Comet has no place for more of it', () => {
      for (const { key, error } of SCENARIOS) {
        const { isAlive, hasCrashed, error: said, startedAt, endedAt, workspace, project } = recorder.experiment(key);
        expect({ isAlive, hasCrashed, said, workspace, project }).toEqual({
          ...{ isAlive: false, hasCrashed: false, workspace: 'acme', project: 'demo' },
          said: error === undefined ? null : `RuntimeError: ${error}`,
        });
        expect(endedAt! - startedAt!).toBeGreaterThanOrEqual(5_000);
      }
    });

    test('a second time are refused, so that nothing counts twice', async () => {
      const { key } = SCENARIOS[0]!;
      const env = { COMET_API_KEY: API_KEY, COMET_URL_OVERRIDE: `${recorder.url}/clientlib/` };
      const points = recorder.experiment(key).points.length;
      await vendorCommand('comet', ['upload', join(folder, ours, `${key}.zip`)], env, folder);
      expect(recorder.experiment(key).points).toHaveLength(points);
    });
  });

  test("of Comet's own client are imported: points, parameters, others, tags, files, ends", async () => {
    // Its client takes ten seconds for the long one.
    const played = SCENARIOS.filter(({ rows }) => rows.length < 1_000);
    const file = join(folder, 'scenarios.json');
    writeFileSync(file, JSON.stringify(played.map((each) => ({ ...each, ...(each.html !== undefined && { page: notePage(each.html) }) }))));
    const { code } = await vendorRun(PLAY, { SCENARIOS: file, OFFLINE: join(folder, theirs), COMET_PROJECT_NAME: 'demo' }, folder);
    expect(code).toBe(1);
    const { runs, warnings } = await importedFrom(join(folder, theirs));
    expect(warnings).toEqual([]);
    for (const scenario of played) {
      const { run, params, tags, points, files, note } = runs.get(scenario.name)!;
      // Comet's client sorts the names of a row.
      expect(points.map(pointText).sort()).toEqual(pointsOfScenario(scenario).map(pointText).sort());
      expect(params).toEqual(Object.fromEntries(flatParams(scenario.params).params));
      expect(tags).toEqual({ ...scenario.others, ...Object.fromEntries(scenario.labels.map((label) => [label, 'true'])) });
      expect(files).toEqual(Object.fromEntries(scenario.assets.map(({ path, text }) => [path, text])));
      expect(note).toBe(scenario.html);
      const { id, experiment, outcome } = run;
      expect({ id, experiment, status: outcome?.status }).toEqual({
        ...{ id: scenario.key, experiment: 'demo', status: scenario.error === undefined ? 'completed' : 'failed' },
      });
    }
  });

  test('of a run that was killed and goes on to a good end: what counts at Comet is that end', async () => {
    const tracker = await trackerIn(folder, { mode: 'offline', offlineDirectory: 'resumed', projectName: 'demo' });
    const identity = { key: 'd'.repeat(32), runId: 'run-1', stepId: 'train', attempt: 1 };
    const start = { name: 'train', experiment: 'demo', group: 'g', tags: {}, startedAt: Date.now(), settings: {} };
    const killed = await tracker.open(identity, start, undefined, never);
    const first = await killed.close({ status: 'killed', reason: 'its process ended' }, Date.now(), never);
    const upload = (url: string) =>
      vendorCommand(
        'comet',
        ['upload', fileURLToPath(url)],
        { COMET_API_KEY: API_KEY, COMET_URL_OVERRIDE: `${recorder.url}/clientlib/` },
        folder,
      );
    await upload(first.url!);
    expect(recorder.experiment(identity.key).error).toBe('killed: its process ended');
    const again = await tracker.open(identity, { ...start, resumed: true }, first, never);
    await again.deliver([{ writer: 'w', seq: 1, at: 1, kind: 'metrics', values: { loss: 0.25 }, step: 2 }], never);
    const { url } = await again.close({ status: 'completed' }, Date.now(), never);
    await upload(url!);
    const { error, hasCrashed, isAlive, others, points } = recorder.experiment(identity.key);
    expect({ error, hasCrashed, isAlive, told: others.get('mortise.error'), points: points.length }).toEqual({
      ...{ error: null, hasCrashed: false, isAlive: false, told: '', points: 1 },
    });
  });

  test('of a Python program that a step starts are of the same experiment, and both arrive', async () => {
    const tracker = await trackerIn(folder, { mode: 'offline', offlineDirectory: 'both', projectName: 'demo' });
    const identity = { key: 'c'.repeat(32), runId: 'run-1', stepId: 'train', attempt: 1 };
    const start = { name: 'train', experiment: 'demo', group: 'g', tags: {}, startedAt: Date.now(), settings: {} };
    const run = await tracker.open(identity, start, undefined, never);
    await vendorPython(CHILD, tracker.childEnv!(run.ref), folder);
    await run.deliver([{ writer: 'w', seq: 1, at: 1, kind: 'metrics', values: { loss: 0.25 }, step: 2 }], never);
    const { url } = await run.close({ status: 'completed' }, Date.now(), never);
    const theirs = readdirSync(join(folder, 'both')).filter((name) => !url!.endsWith(name));
    const env = { COMET_API_KEY: API_KEY, COMET_URL_OVERRIDE: `${recorder.url}/clientlib/` };
    for (const name of [fileURLToPath(url!), ...theirs.map((each) => join(folder, 'both', each))])
      await vendorCommand('comet', ['upload', name], env, folder);
    const { points, params } = recorder.experiment(identity.key);
    const told = points.map(({ metricName, metricValue, step }) => [metricName, metricValue, step]);
    expect(told).toEqual(
      expect.arrayContaining([
        ['child_loss', 0.5, 1],
        ['loss', 0.25, 2],
      ]),
    );
    expect(params.get('child')).toBe('yes');
  });

  test('of ours are imported as they were logged', async () => {
    const { runs, warnings } = await importedFrom(join(folder, ours));
    expect(warnings).toEqual([]);
    for (const scenario of SCENARIOS) expect(runs.get(scenario.name)!.points).toEqual(pointsOfScenario(scenario));
    expect(runs.get('failure')!.run.outcome).toEqual({
      status: 'failed',
      error: { name: 'RuntimeError', message: 'no wine left: pr\u00e9cision "x"' },
    });
  });
});
