import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, initProject, type ImportReport } from '@mortise/core';

import { startCometRecorder, type CometRecorder } from '../testing/comet-recorder.ts';
import { play } from '../testing/play.ts';
import type { Scenario } from '../testing/scenarios.ts';
import { trackerIn } from '../testing/tracker-in.ts';

const RUNS = 20;
const POINTS = 250;
const source = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

const scenarioOf = (at: number): Scenario => ({
  ...{ name: `run ${at}`, key: at.toString(16).padStart(32, 'd'), labels: [`l${at % 3}`], params: { lr: at / 10, model: { width: at } } },
  ...{ others: { team: 'red' }, resumedRows: 0, assets: [{ path: 'model/weights.bin', text: `weights ${at}` }] },
  rows: Array.from({ length: POINTS }, (_, step) => ({ values: { loss: at + 1 / (step + 1), accuracy: step / POINTS }, step })),
  ...(at % 4 === 0 && { error: `no wine left in ${at}` }),
});

let recorder: CometRecorder;
let root: string;
let client: Client;
const archives = (): string => join(root, 'archives');
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'mortise-comet-'));
  recorder = await startCometRecorder();
  await initProject(root);
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(root, 'importer.ts'), `export { default } from ${source('../import/index.ts')};\n`);
  writeFileSync(join(root, 'flavor.ts'), `export { default } from ${source('../index.ts')};\n`);
  client = new Client({ project: root });
  await client.registerFlavor({ type: 'experiment-tracker', source: './flavor.ts' });
  await client.createSecret('comet', { key: 'a-key' });
  const config = { mode: 'online', apiKey: '{{secret.comet.key}}', urlOverride: recorder.url, metricsPerMinute: 0 };
  await client.registerComponent({ type: 'experiment-tracker', name: 'there', flavor: 'comet', config });
  const make = () => trackerIn(root, { mode: 'offline', offlineDirectory: 'archives' });
  for (let at = 0; at < RUNS; at++) await play(await make(), scenarioOf(at), make);
});
afterAll(async () => {
  await client?.close();
  await recorder?.stop();
  if (root !== undefined) rmSync(root, { recursive: true, force: true });
});

const importAll = (): Promise<ImportReport> =>
  client.importRuns({ vendor: './importer.ts', from: archives(), onWarning: (message) => expect(message).toBe('no warning') });

test('20 runs come into the local store with every point, param, tag, file and end, and a second time nothing changes', async () => {
  expect(await importAll()).toMatchObject({ imported: RUNS, alreadyThere: 0, points: RUNS * POINTS * 2, files: RUNS, failed: [] });
  const again = await importAll();
  expect(again).toMatchObject({ imported: 0, alreadyThere: RUNS });
  for (const { id, name, status } of again.runs) {
    const at = Number(name.split(' ').at(-1));
    expect(status).toBe(at % 4 === 0 ? 'failed' : 'completed');
    const run = await client.getPipelineRun(id);
    const [step] = Object.values(run.steps);
    const { metrics, params } = step!.tracker;
    expect([metrics['loss']!.count, metrics['accuracy']!.last, params['lr']]).toEqual([POINTS, (POINTS - 1) / POINTS, at / 10]);
    expect(run.error?.message).toBe(at % 4 === 0 ? `no wine left in ${at}` : undefined);
  }
});

test('and go on to a Comet server, each point once, however often they are sent', async () => {
  const { runs } = await importAll();
  const ids = runs.map(({ id }) => id);
  await client.deliverRuns({ runs: ids, to: 'there' });
  await client.deliverRuns({ runs: ids, to: 'there' });
  const withPoints = [...recorder.experiments.values()].filter(({ points }) => points.length > 0);
  expect(withPoints).toHaveLength(RUNS);
  for (const { points, assets, params, others, hasCrashed, error, isAlive } of withPoints) {
    const at = Number(params.get('model|width'));
    const told = points.map(({ metricName, metricValue, step }) => `${metricName} ${step} ${metricValue}`);
    const wanted = scenarioOf(at).rows.flatMap(({ values, step }) =>
      Object.entries(values).map(([name, value]) => `${name} ${step} ${value}`),
    );
    expect(told.sort()).toEqual(wanted.sort());
    expect(assets.map(({ fileName, bytes }) => [fileName, bytes.toString()])).toEqual([['model/weights.bin', `weights ${at}`]]);
    expect({ lr: params.get('lr'), team: others.get('team'), label: others.get(`l${at % 3}`), isAlive }).toEqual({
      ...{ lr: at / 10, team: 'red', label: 'true', isAlive: false },
    });
    const text = at % 4 === 0 ? `RuntimeError: no wine left in ${at}` : null;
    expect({ hasCrashed, error }).toEqual({ hasCrashed: text !== null, error: text });
  }
});
