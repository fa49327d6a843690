import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { ArtifactStoreFailed } from '../errors.ts';
import { workerIdentity } from '../execution/worker-identity.ts';
import { newId } from '../id.ts';
import { activeRun, Client, pipeline, runPipeline, step, type PipelineRun } from '../index.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { openStore } from '../store/open-store.ts';
import { sampleAttempt, sampleCommit, sampleRun } from '../testing/sample-store.ts';
import { temporaryArtifactStore } from '../testing/temporary-artifact-store.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
let client: Client;
beforeEach(async () => {
  project = await temporaryProject();
  client = new Client();
});
afterEach(async () => {
  await client.close();
  project.remove();
});

// At the top level, because steps that a function makes are not cached.
const load = step('load', { experimentTracker: true }, async () => {
  activeRun().logMetrics({ rows: 3 }, { step: 1 });
  activeRun().logParams({ source: 'here' });
  await activeRun().logArtifact(Buffer.from('some notes'), { path: 'notes.txt' });
  return [1, 2, 3];
});
const total = step('total', async ({ rows, factor }: { rows: number[]; factor: number }) => rows.reduce((a, b) => a + b) * factor);
const half = step('half', { outputs: ['good', 'bad'] }, async () => ({ good: [1], bad: { deep: { fn() {} } } }));
const example = pipeline('example', { params: { factor: 1 } }, ({ factor }) => total({ rows: load(), factor }));

class Loose {
  @step()
  async size({ rows }: { rows: Float64Array }): Promise<number> {
    return rows.length;
  }
  @pipeline()
  async run(): Promise<number> {
    return this.size({ rows: new Float64Array(1000) });
  }
}

const objects = (): string[] =>
  readdirSync(project.project.artifactsFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name));
const put = (path: string, ageMs = 0): void => {
  const file = join(project.project.artifactsFolder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, 'bytes');
  utimesSync(file, (Date.now() - ageMs) / 1000, (Date.now() - ageMs) / 1000);
};

/** Rows of the tables that runs leave, by table; names, snapshots and the like are shared and stay. */
function rows(): Record<string, number> {
  const db = new DatabaseSync(join(project.project.folder, 'store.db'), { readOnly: true });
  const tables = [
    'runs',
    'step_runs',
    'run_sessions',
    'cache',
    'params',
    'tags',
    'metadata',
    'metric_series',
    'metric_points',
    'documents',
  ];
  const more = ['logged_artifacts', 'event_segments', 'tracker_runs', 'rejected_events', 'artifact_refs'];
  const counts = [...tables, ...more].map((table) => [table, db.prepare(`SELECT count(*) AS n FROM ${table}`).get()!['n'] as number]);
  const live = db.prepare(`SELECT count(*) AS n FROM artifact_versions WHERE state <> 'deleted'`).get()!['n'] as number;
  db.close();
  return Object.fromEntries([...counts, ['versions', live]].filter(([, n]) => n !== 0)) as Record<string, number>;
}

const NOTHING = { count: 0, bytes: 0 };
const CLEAN = { dryRun: false, versions: NOTHING, objects: NOTHING, unknown: NOTHING, logs: NOTHING, closed: [] };

describe('a run that is deleted', () => {
  it('is found no more, by any name, and its name is free', async () => {
    const run = await example.run({}, { name: 'mine' });
    expect(await client.deleteRun('mine')).toEqual({ id: run.id, name: 'mine', trackers: ['default'], undelivered: 0 });
    expect((await client.listRuns()).items).toEqual([]);
    for (const name of ['mine', run.id, 'latest']) await expect(client.getPipelineRun(name)).rejects.toMatchObject({ code: 'UNKNOWN_RUN' });
    await expect(client.deleteRun('mine')).rejects.toMatchObject({ code: 'UNKNOWN_RUN' });
    expect(existsSync(join(project.project.logsFolder, run.id))).toBe(false);
    expect((await example.run({}, { name: 'mine' })).steps['load']!.status).toBe('completed');
  });

  it('leaves nothing behind once garbage was collected', async () => {
    const run = await example.run();
    const loose = await runPipeline(Loose);
    for (const { id } of [run, loose]) await client.deleteRun(id);
    expect(objects()).toHaveLength(5);
    const collected = await client.collectGarbage();
    expect(collected).toMatchObject({ versions: { count: 4 }, objects: { count: 1, bytes: 10 }, unknown: NOTHING });
    expect(collected.versions.bytes).toBeGreaterThan(8000);
    expect(objects()).toEqual([]);
    expect(rows()).toEqual({});
    expect(await client.collectGarbage()).toEqual(CLEAN);
  });

  it('does not give its versions’ numbers away', async () => {
    await client.deleteRun((await example.run()).id);
    await client.collectGarbage();
    expect((await example.run()).steps['load']!.outputs['output']!.version).toBe(2);
  });

  it('leaves to others what they have cached from it, as long as they are there', async () => {
    const first = await example.run({ factor: 1 });
    const second = await example.run({ factor: 2 });
    expect(second.steps['load']!.status).toBe('cached');
    await client.deleteRun(first.id);
    await client.collectGarbage();
    const left = await client.getPipelineRun(second.id);
    expect(left.steps['load']).toEqual(second.steps['load']);
    expect(left.steps['load']!.tracker.metrics['rows']).toMatchObject({ last: 3 });
    expect(await client.metricHistory(second.name, 'load', 'rows')).toHaveLength(1);
    const version = await client.getArtifactVersion('example/load/output');
    expect(await version.load()).toEqual([1, 2, 3]);
    await expect(client.getArtifactVersion('example/total/output', 1)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    expect(objects()).toHaveLength(3);
    // Nobody else comes to use it.
    const third = await example.run({ factor: 3 });
    expect(third.steps['load']!.status).toBe('completed');
    for (const { id } of [second, third]) await client.deleteRun(id);
    await client.collectGarbage();
    expect([objects(), rows()]).toEqual([[], {}]);
  });

  it('leaves versions that another run was given as inputs', async () => {
    const first = await example.run();
    const { id: versionId, version } = await client.getArtifactVersion('example/load/output');
    const store = await openStore(project.project.storeUrl);
    const other = await running(store, { inputs: { rows: { versionId, artifact: 'example/load/output', version } } });
    await store.commitAttempt(sampleCommit(other.id, other.fence));
    await end(store, other.runId);
    await client.deleteRun(first.id);
    expect(await client.collectGarbage()).toMatchObject({ versions: { count: 1 } });
    expect(await (await client.getArtifactVersion('example/load/output')).load()).toEqual([1, 2, 3]);
    store.close();
  });

  it('is kept whole while a run is under way that may have looked it up in the cache', async () => {
    const first = await example.run();
    const store = await openStore(project.project.storeUrl);
    const other = await running(store);
    const hit = (await store.stepRuns(first.id)).find(({ stepId }) => stepId === 'load')!;
    await client.deleteRun(first.id);
    expect(await client.collectGarbage()).toEqual(CLEAN);
    const settled = {
      id: newId(),
      runId: other.runId,
      stepId: 'x',
      stepName: 'x',
      workerId: workerIdentity().id,
      inputs: {},
      trackers: [],
    };
    await store.settleSteps([{ ...settled, status: 'cached', at: Date.now(), sourceStepRunId: hit.id }]);
    await end(store, other.runId);
    expect(await client.collectGarbage()).toMatchObject({ versions: { count: 1 }, objects: NOTHING });
    const step = (await client.getPipelineRun(other.runId)).steps['x']!;
    expect(step).toMatchObject({ tracker: { metrics: { rows: { last: 3 } } }, outputs: { output: { artifact: 'example/load/output' } } });
    expect(existsSync(fileURLToPath(step.outputs['output']!.uri!))).toBe(true);
    store.close();
  });

  it('must have ended', async () => {
    const store = await openStore(project.project.storeUrl);
    const { runName } = await running(store);
    await expect(client.deleteRun(runName)).rejects.toThrow(`run "${runName}" cannot be deleted: process ${process.pid} on `);
    store.close();
  });
});

describe('collecting garbage', () => {
  it('changes nothing where there is none', async () => {
    const run = await example.run();
    const before = [objects(), rows()];
    expect(await client.collectGarbage()).toMatchObject({ ...CLEAN, logs: { count: 1 } });
    expect([objects(), { ...rows(), event_segments: 1 }]).toEqual(before);
    expect(await client.getPipelineRun(run.id)).toEqual(await client.getPipelineRun('latest'));
    expect((await example.run()).steps['load']!.status).toBe('cached');
  });

  it('of a dry run says the same, and changes nothing', async () => {
    await client.deleteRun((await example.run()).id);
    await example.run();
    put(`example/x.${newId()}.json`, 11 * 60_000);
    const before = [objects(), rows()];
    const said = await client.collectGarbage({ dryRun: true });
    expect([objects(), rows()]).toEqual(before);
    expect(said).toMatchObject({ versions: { count: 2 }, objects: { count: 1 }, unknown: { count: 1 }, logs: { count: 1 } });
    expect(await client.collectGarbage()).toEqual({ ...said, dryRun: false });
  });

  it('takes the bytes of attempts that ended without a version, and never those of one under way', async () => {
    const store = await openStore(project.project.storeUrl);
    const attempt = await running(store);
    put(`${attempt.keyPrefix}.json`);
    put(`${attempt.keyPrefix}/a/b.txt`);
    expect(await client.collectGarbage()).toEqual(CLEAN);
    await store.commitAttempt(sampleCommit(attempt.id, attempt.fence, { status: 'failed', outcome: { status: 'killed', reason: 'x' } }));
    expect(await client.collectGarbage()).toEqual({ ...CLEAN, objects: { count: 2, bytes: 10 } });
    expect(objects()).toEqual([]);
    store.close();
  });

  it('takes what a loose version of a run did not come to, and never while that run is under way', async () => {
    const store = await openStore(project.project.storeUrl);
    await client.collectGarbage();
    const { runId } = await running(store);
    const id = newId();
    const intent = { id, artifact: 'wine/x', storeId: artifactStoreId(), keyPrefix: `wine/x.${id}` };
    await store.intendVersions([{ ...intent, producerRunId: runId, workerId: workerIdentity().id }]);
    put(`${intent.keyPrefix}.bin`);
    expect(await client.collectGarbage()).toEqual(CLEAN);
    await end(store, runId);
    expect(await client.collectGarbage()).toEqual({ ...CLEAN, objects: { count: 1, bytes: 5 } });
    expect(rows()['versions']).toBeUndefined();
    store.close();
  });

  it('takes what a process that died was writing', async () => {
    const store = await openStore(project.project.storeUrl);
    const { keyPrefix } = await running(store, {}, { ...workerIdentity(), id: newId(), processStartedAt: '1' });
    put(`${keyPrefix}.json`);
    expect(await client.collectGarbage()).toEqual({ ...CLEAN, objects: { count: 1, bytes: 5 } });
    store.close();
  });

  it('takes the first outputs of a step whose last one cannot be stored', async () => {
    const run = await pipeline('half', () => half().good).run();
    expect(run.error!.message).toContain('bad.deep.fn is a function');
    expect(objects()).toHaveLength(1);
    expect(await client.collectGarbage()).toMatchObject({ versions: NOTHING, objects: { count: 1 } });
    expect(objects()).toEqual([]);
  });

  it('leaves what it does not know, unless it is told that nobody else uses the artifact store, and never what is new or not ours', async () => {
    await example.run();
    put(`example/load.output.${newId()}.json`, 11 * 60_000);
    put(`example/load.output.${newId()}.json`);
    put('readme.txt', 11 * 60_000);
    put('example/notes.txt', 11 * 60_000);
    const before = objects();
    expect(await client.collectGarbage()).toMatchObject({ unknown: { count: 1, bytes: 5 } });
    expect(objects()).toEqual(before);
    expect(await client.collectGarbage({ unknown: true })).toMatchObject({ unknown: { count: 1 } });
    expect(objects()).toHaveLength(before.length - 1);
    expect((await example.run()).steps['load']!.status).toBe('cached');
  });

  it('leaves all of an artifact store that cannot be opened, and says which', async () => {
    const path = join(project.project.root, 'elsewhere');
    mkdirSync(path);
    await client.registerComponent({ type: 'artifact-store', name: 'gone', flavor: 'local', config: { path } });
    await client.registerStack('gone', {
      orchestrator: ['default'],
      'artifact-store': ['gone'],
      'experiment-tracker': ['default'],
      alerter: [],
    });
    const run = await example.run({}, { stack: 'gone' });
    await client.deleteRun(run.id);
    writeFileSync(join(path, '.mortise-artifact-store'), 'damaged');
    await client.close();
    expect(await client.collectGarbage()).toEqual({ ...CLEAN, closed: ['gone'] });
    expect(rows()).toMatchObject({ step_runs: 2, versions: 2 });
  });

  it('takes what there is in the other artifact stores before it tells that one of them failed', async () => {
    const path = join(project.project.root, 'elsewhere');
    mkdirSync(path);
    // Its name sorts before that of the other one.
    await client.registerComponent({ type: 'artifact-store', name: 'away', flavor: 'local', config: { path } });
    await client.registerStack('away', {
      orchestrator: ['default'],
      'artifact-store': ['away'],
      'experiment-tracker': ['default'],
      alerter: [],
    });
    for (const options of [{ stack: 'away' }, {}]) await client.deleteRun((await example.run({}, options)).id);
    await client.close();
    using place = await temporaryArtifactStore();
    const prototype = Object.getPrototypeOf(place.store) as ArtifactStore;
    const { list } = prototype;
    const failing = jest.spyOn(prototype, 'list').mockImplementation(async function (this: ArtifactStore, ...given) {
      if (this.uri('x').includes('/elsewhere/'))
        throw new ArtifactStoreFailed({ store: 'away', doing: 'to list', reason: 'nobody answers' });
      return list.apply(this, given);
    });
    expect(objects()).toHaveLength(3);
    await expect(client.collectGarbage()).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    expect(objects()).toEqual([]);
    failing.mockRestore();
    expect(await client.collectGarbage()).toMatchObject({ versions: { count: 2 }, objects: { count: 1 }, unknown: NOTHING });
    expect(rows()).toEqual({});
  });

  it('takes event logs once all who read them have them, and what was logged stays', async () => {
    const run: PipelineRun = await example.run();
    const folderOfRun = join(project.project.logsFolder, run.id);
    expect(readdirSync(folderOfRun).some((name) => name.endsWith('.log'))).toBe(true);
    const store = await openStore(project.project.storeUrl);
    const waiting = await store.createTrackerRuns(run.id, [{ component: 'slow', flavor: 'local' }]);
    expect(await client.collectGarbage()).toEqual(CLEAN);
    await store.updateTrackerRun({ id: waiting[0]!.id, status: 'completed' });
    expect(await client.collectGarbage()).toMatchObject({ logs: { count: 1 } });
    expect(existsSync(folderOfRun)).toBe(false);
    expect((await client.getPipelineRun(run.id)).steps).toEqual(run.steps);
    store.close();
  });
});

/** Known once the place was used. */
function artifactStoreId(): string {
  return (JSON.parse(readFileSync(join(project.project.artifactsFolder, '.mortise-artifact-store'), 'utf8')) as { id: string }).id;
}

/** A run of this process with an attempt under way that is about to write one version. */
async function running(
  store: MetadataStore,
  attempt: Parameters<typeof sampleAttempt>[2] = {},
  worker = workerIdentity(),
): Promise<{ id: string; fence: number; runId: string; runName: string; keyPrefix: string }> {
  const run = sampleRun({ worker, startedAt: Date.now() });
  await store.createRun(run);
  const versionId = newId();
  const keyPrefix = `wine/load.output.${versionId}`;
  const intents = [{ id: versionId, artifact: 'wine/load/output', storeId: 'local', keyPrefix }];
  const begun = sampleAttempt(run.id, 'load', { workerId: worker.id, intents, ...attempt });
  const { fence } = await store.startAttempt(begun);
  return { id: begun.id, fence, runId: run.id, runName: run.name, keyPrefix };
}

async function end(store: MetadataStore, runId: string): Promise<void> {
  const { id: workerId } = workerIdentity();
  await store.finishRun({
    id: runId,
    workerId,
    status: 'failed',
    endedAt: Date.now(),
    warnings: [],
    outcome: { status: 'killed', reason: 'x' },
  });
}
