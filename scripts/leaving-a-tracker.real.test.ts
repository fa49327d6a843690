import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ImportReport, PipelineRun } from '@mortise/core/client';
import { MlflowClient, proxiedArtifactPath, type Run } from '@mortise/mlflow-client';
import { canStart, startMlflow, type MlflowServer } from '@mortise/test-servers';

import { buildCommand, cliProject, type CliProject } from '../cli/src/testing/cli-project.ts';
import { KEPT, lossOf, POINTS, RUNS } from './testing/kept-runs.ts';
import { TRACKER_SOURCES } from './testing/tracker-sources.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const STATUS = { completed: 'FINISHED', failed: 'FAILED', killed: 'KILLED' } as const;

const sources = TRACKER_SOURCES.filter(({ needs }) => canStart('mlflow') && canStart(needs));
let server: MlflowServer;
let client: MlflowClient;
let folder: string;
/** What is to be imported, by vendor. The clients run one after the other, while what the one before has kept is moved. */
const kept = new Map<string, Promise<string>>();
beforeAll(async () => {
  if (sources.length === 0) return;
  buildCommand();
  server = await startMlflow();
  client = new MlflowClient({ trackingUri: server.url });
  folder = mkdtempSync(join(tmpdir(), 'mortise-kept-'));
  let before: Promise<unknown> = Promise.resolve();
  for (const { vendor, keep } of sources) {
    const own = join(folder, vendor);
    mkdirSync(own);
    const keeping = before.then(() => keep({ folder: own, mlflow: server, project: `kept-by-${vendor}` }));
    kept.set(vendor, keeping);
    before = keeping.catch(() => undefined);
  }
});
afterAll(async () => {
  await Promise.allSettled(kept.values());
  await server?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

// 20 runs with 100,000 points, files and failures, kept by each tracker's own client, go into a project and on to MLflow.
(sources.length > 0 ? describe : describe.skip).each(sources.length > 0 ? sources : TRACKER_SOURCES)(
  'from $vendor',
  ({ vendor, differs = {} }) => {
    const target = `left-${vendor}`;
    const { status = (same) => same, params = (same) => same, tags = (same) => same, metric = 'loss' } = differs;
    let project: CliProject;
    let from: string;
    let first: ImportReport;
    beforeAll(async () => {
      project = cliProject();
      install(project, 'mlflow', vendor);
      from = await kept.get(vendor)!;
      await project.mortise(['init']);
      await project.mortise(['experiment-tracker', 'flavor', 'register', '@mortise/mlflow']);
      const config = ['--flavor=mlflow', `--trackingUri=${server.url}`, `--experimentName=${target}`];
      await project.mortise(['experiment-tracker', 'register', 'team', ...config]);
      first = await project.json<ImportReport>('import', vendor, from);
      // It waits for the clients of those before, too.
    }, 1_200_000);
    afterAll(() => project?.remove());

    const deliver = () => project.mortise(['tracker', 'deliver', '--experiment', first.runs[0]!.experiment, '--to', 'team']);
    const delivered = async (): Promise<Run[]> => {
      const { experimentId } = (await client.getExperimentByName(target))!;
      return (await client.searchRuns({ experimentIds: [experimentId], maxResults: 1_000 })).runs;
    };
    /** The run of the step, which has what was logged. */
    const stepOf = (runs: readonly Run[], name: string): Run =>
      runs.find((run) => run.runName === name && run.tags['mortise.step'] !== undefined)!;

    it('all of it is imported, and a second import changes nothing', async () => {
      expect(first).toMatchObject({ vendor, imported: RUNS, alreadyThere: 0, points: RUNS * POINTS, failed: [] });
      // Some clients keep files of their own beside.
      expect(first.files).toBeGreaterThanOrEqual(RUNS);
      const before = await project.json<PipelineRun>('runs', 'show', 'run-7');
      expect(await project.json<ImportReport>('import', vendor, from)).toMatchObject({
        imported: 0,
        alreadyThere: RUNS,
        points: 0,
        files: 0,
        failed: [],
      });
      expect(await project.json<PipelineRun>('runs', 'show', 'run-7')).toEqual(before);
    });

    it('the runs are what they were: states, times, params, tags, points', async () => {
      for (const [i, kept] of KEPT.entries()) {
        const run = await project.json<PipelineRun>('runs', 'show', kept.name);
        const { tracker } = run.steps['imported']!;
        expect([run.name, run.status]).toEqual([kept.name, status(kept.status)]);
        if (differs.times === undefined)
          expect([run.startedAt, run.endedAt].map((at) => Date.parse(at!))).toEqual([kept.startedAt, kept.endedAt]);
        expect(tracker.params).toMatchObject(params(kept.params));
        expect(tracker.tags).toMatchObject(tags(kept.tags));
        expect(tracker.metrics[metric]).toMatchObject({
          count: POINTS,
          lastStep: POINTS - 1,
          last: lossOf(i, POINTS - 1),
          min: lossOf(i, 0),
        });
      }
    });

    it('they arrive at another tracker whole, each point once, and a second delivery sends nothing', async () => {
      expect(await deliver()).toEqual({ code: 0, stdout: `team: delivered ${2 * RUNS} tracker runs\n`, stderr: '' });
      const runs = await delivered();
      expect(runs).toHaveLength(2 * RUNS);
      for (const [i, kept] of KEPT.entries()) await expectWhole(stepOf(runs, kept.name), i);
      expect(await deliver()).toEqual({ code: 0, stdout: 'team: has them all already\n', stderr: '' });
      expect(await delivered()).toEqual(runs);
      // 100,000 points, one request after the other.
    }, 1_200_000);

    async function expectWhole(run: Run, i: number): Promise<void> {
      const kept = KEPT[i]!;
      const parent = (await client.getRun(run.tags['mlflow.parentRunId']!))!;
      for (const each of [run, parent]) {
        expect([each.runName, each.status]).toEqual([kept.name, STATUS[status(kept.status)]]);
        if (differs.times === undefined) expect([each.startTime, each.endTime]).toEqual([kept.startedAt, kept.endedAt]);
        expect(each.tags).toMatchObject({ ...tags(kept.tags), 'imported.from': vendor });
      }
      expect(run.params).toMatchObject(params(kept.params));
      const points: [number, number][] = [];
      for await (const { step, value } of client.metricHistory(run.runId, metric)) points.push([step, value]);
      const expected = Array.from({ length: POINTS }, (_, step) => [step, lossOf(i, step)]);
      // Compared as text: of 100,000 pairs, the matcher would make a minute.
      expect(JSON.stringify(points.sort(([a], [b]) => a - b).map(String)) === JSON.stringify(expected.map(String))).toBe(true);
      const [path = '', content] = [differs.file ?? kept.file[0], kept.file[1]];
      expect(await text(client.artifacts.get(`${proxiedArtifactPath(run.artifactUri)!}/${path}`))).toBe(content);
    }
  },
);

/** What npm would install. */
function install({ folder }: CliProject, ...names: string[]): void {
  for (const name of new Set(names)) {
    const place = join(folder, 'node_modules/@mortise', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(repository, 'integrations', name), place, 'dir');
  }
}
