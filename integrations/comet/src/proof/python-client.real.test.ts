import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, vendorPython, vendorRun } from '@mortise/test-servers';

import { notePage } from '../run/note-page.ts';
import { cometMetric, ownMetric } from '../run/system-metrics.ts';
import { startCometRecorder, type CometRecorder } from '../testing/comet-recorder.ts';
import { never, play } from '../testing/play.ts';
import { CHILD, PLAY, SAMPLE_MACHINE } from '../testing/python-scenarios.ts';
import { contentOf, contentOfScenario } from '../testing/same-content.ts';
import { SCENARIOS } from '../testing/scenarios.ts';
import { trackerIn } from '../testing/tracker-in.ts';

/** What `SAMPLE_MACHINE` prints. */
interface MachineAtComet {
  sampled: Record<string, number>;
  gpu: string[];
}

const API_KEY = 'k'.repeat(25);

(canStart('vendor-clients') ? describe : describe.skip)("Comet's Python client and ours, at the same recorder", () => {
  let theirs: CometRecorder;
  let ours: CometRecorder;
  let folder: string;
  let ended: { code: number | null; stderr: string };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mortise-comet-'));
    [theirs, ours] = await Promise.all([startCometRecorder({ apiKey: API_KEY }), startCometRecorder({ apiKey: API_KEY })]);
    const file = join(folder, 'scenarios.json');
    writeFileSync(
      file,
      JSON.stringify(SCENARIOS.map((each) => ({ ...each, ...(each.html !== undefined && { page: notePage(each.html) }) }))),
    );
    const place = {
      COMET_API_KEY: API_KEY,
      COMET_URL_OVERRIDE: `${theirs.url}/clientlib/`,
      COMET_WORKSPACE: 'acme',
      COMET_PROJECT_NAME: 'demo',
    };
    const python = vendorRun(PLAY, { ...place, SCENARIOS: file, OFFLINE: '' }, folder);
    const make = () =>
      trackerIn(folder, { apiKey: API_KEY, urlOverride: ours.url, workspace: 'acme', projectName: 'demo', metricsPerMinute: 0 });
    for (const scenario of SCENARIOS) await play(await make(), scenario, make);
    ended = await python;
  });
  afterAll(async () => {
    await theirs?.stop();
    await ours?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  test.each(SCENARIOS)('say the same: $name', (scenario) => {
    const told = contentOfScenario(scenario);
    expect(contentOf(ours.experiment(scenario.key))).toEqual(told);
    expect(contentOf(theirs.experiment(scenario.key))).toEqual(told);
  });

  test.each(SCENARIOS)('end alike: $name', ({ key, error = null }) => {
    const endOf = ({ isAlive, hasCrashed, error: said }: ReturnType<CometRecorder['experiment']>) => ({ isAlive, hasCrashed, said });
    const text = error === null ? null : expect.stringContaining(error.slice(0, 12));
    expect(endOf(ours.experiment(key))).toEqual({ isAlive: false, hasCrashed: error !== null, said: text });
    expect(endOf(theirs.experiment(key))).toEqual({ isAlive: false, hasCrashed: error !== null, said: text });
  });

  test('open an experiment by the same fields, and send points by the same', () => {
    const shapeOf = ({ requests }: CometRecorder, route: string) =>
      Object.keys(requests.find(({ path }) => path.endsWith(route))!.json() as object).sort();
    const valueOf = ({ requests }: CometRecorder, route: string) => {
      const { values } = requests.find(({ path }) => path.endsWith(route))!.json() as { values: object[] };
      return Object.keys(values[0]!).sort();
    };
    // The key goes into the header alone with ours.
    expect([...shapeOf(ours, 'logger/add/run'), 'apiKey'].sort()).toEqual(shapeOf(theirs, 'logger/add/run'));
    for (const batch of ['batch/logger/experiment/metric', 'batch/logger/experiment/parameter']) {
      expect(shapeOf(ours, batch)).toEqual(shapeOf(theirs, batch));
      expect(valueOf(ours, batch)).toEqual(valueOf(theirs, batch));
    }
    for (const route of ['write/experiment/log-other', 'write/experiment/html', 'write/experiment/update-status'])
      expect(shapeOf(ours, route)).toEqual(shapeOf(theirs, route));
  });

  test('ours has the API key in the header Authorization, and nowhere else', () => {
    expect(ours.requests.length).toBeGreaterThan(100);
    for (const request of ours.requests) {
      const { authorization, ...others } = request.headers;
      expect(authorization).toBe(API_KEY);
      expect(`${request.path}?${request.query.toString()}\n${JSON.stringify(others)}\n${request.body.toString()}`).not.toContain(API_KEY);
    }
    expect(theirs.requests.some(({ body }) => body.includes(API_KEY))).toBe(true);
  });

  test('name what the machine does alike, and in the same units', async () => {
    const { sampled, gpu } = JSON.parse((await vendorPython(SAMPLE_MACHINE)).trimEnd().split('\n').at(-1)!) as MachineAtComet;
    const asOurs = Object.entries(sampled).map(([name, value]) => ownMetric(name, value));
    const known = Object.fromEntries(asOurs.filter(({ name }) => name.startsWith('system/')).map(({ name, value }) => [name, value]));
    const megabytes = totalmem() / 1e6;
    expect(known).toMatchObject({
      'system/cpu_utilization_percentage': expect.any(Number),
      'system/disk_usage_megabytes': expect.any(Number),
      'system/disk_usage_percentage': expect.any(Number),
    });
    const used = known['system/system_memory_usage_megabytes']! / megabytes;
    expect(used).toBeCloseTo(known['system/system_memory_usage_percentage']! / 100, 1);
    const ofGpu = ['memory_usage_megabytes', 'memory_usage_percentage', 'utilization_percentage', 'power_usage_watts'];
    for (const name of ofGpu) expect(gpu).toContain(cometMetric(`system/gpu_0_${name}`, 1).name.replace('sys.gpu.0.', ''));
  });

  test('a Python program that a step starts logs into the same experiment, and does not end it', async () => {
    const tracker = await trackerIn(folder, { apiKey: API_KEY, urlOverride: ours.url, workspace: 'acme', projectName: 'demo' });
    const identity = { key: 'c'.repeat(32), runId: 'run-1', stepId: 'train', attempt: 1 };
    const start = { name: 'train', experiment: 'demo', group: 'g', tags: {}, startedAt: Date.now(), settings: {} };
    const run = await tracker.open(identity, start, undefined, never);
    const said = await vendorPython(CHILD, tracker.childEnv!(run.ref), folder);
    expect(said).toContain(identity.key);
    await run.deliver([{ writer: 'w', seq: 1, at: 1, kind: 'metrics', values: { loss: 0.25 }, step: 2 }], never);
    await run.close({ status: 'failed', error: { name: 'Error', message: 'no wine' } }, Date.now(), never);
    const { points, params, hasCrashed, isAlive } = ours.experiment(identity.key);
    const told = points.map(({ metricName, metricValue, step }) => [metricName, metricValue, step]);
    expect(told).toEqual(
      expect.arrayContaining([
        ['child_loss', 0.5, 1],
        ['loss', 0.25, 2],
      ]),
    );
    expect({ child: params.get('child'), hasCrashed, isAlive }).toEqual({ child: 'yes', hasCrashed: true, isAlive: false });
  });

  test('a Python program that a step starts leaves the name of the experiment as it is, whatever variables name others', async () => {
    const names = { COMET_START_EXPERIMENT_NAME: 'another', COMET_EXPERIMENT_NAME: 'other', COMET_START_EXPERIMENT_TAGS: 'x' };
    const env = process.env;
    process.env = { ...env, ...names };
    try {
      const tracker = await trackerIn(folder, { apiKey: API_KEY, urlOverride: ours.url, workspace: 'acme', projectName: 'demo' });
      const identity = { key: 'd'.repeat(32), runId: 'run-1', stepId: 'train', attempt: 1 };
      const start = { name: 'fit-3', experiment: 'demo', group: 'g', tags: {}, startedAt: Date.now(), settings: {} };
      const run = await tracker.open(identity, start, undefined, never);
      const told = () => [ours.experiment(identity.key).others.get('Name'), [...ours.experiment(identity.key).tags]];
      const before = told();
      expect(before).toEqual(['fit-3', ['g', 'x']]);
      await vendorPython(CHILD, { ...names, ...tracker.childEnv!(run.ref) }, folder);
      expect(told()).toEqual(before);
      await run.close({ status: 'completed' }, Date.now(), never);
      const offline = await trackerIn(folder, { mode: 'offline', offlineDirectory: 'named', projectName: 'demo' });
      const { ref } = await offline.open(identity, start, undefined, never);
      expect(offline.childEnv!(ref)).toMatchObject({ COMET_START_EXPERIMENT_NAME: 'fit-3', COMET_EXPERIMENT_NAME: 'fit-3' });
    } finally {
      process.env = env;
    }
  });

  test('the Python process ended by its own exception', () => {
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('RuntimeError: no wine left');
  });
});
