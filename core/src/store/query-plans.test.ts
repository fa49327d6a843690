import { beforeAll, expect, jest, test } from '@jest/globals';
import { DatabaseSync } from 'node:sqlite';
import { newId } from '../id.ts';
import { completedStep, createdRun, logged, sampleRun, sampleVersion, temporaryStore, WORKER } from '../testing/sample-store.ts';
import { beat } from './heartbeats.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { RunQuery, VersionQuery } from './queries.ts';
import { SqliteConnection } from './sqlite-connection.ts';

const FLAVOR = { apiVersion: 1 as const, type: 'alerter' as const, name: 'console', source: 's', version: '1', config: [], settings: [] };

let plans: { sql: string; plan: string[] }[];
let called: Set<string>;
let offered: string[];

/** Calls everything that a store offers, and explains every statement that was prepared on the way. */
beforeAll(async () => {
  const prepare = jest.spyOn(DatabaseSync.prototype, 'prepare');
  const { store, path, remove } = await temporaryStore();
  offered = Object.keys(store).filter((key) => typeof store[key as keyof MetadataStore] === 'function');
  called = new Set();
  await useEverything(
    new Proxy(store, {
      get(target, key: keyof MetadataStore) {
        called.add(key);
        return target[key];
      },
    }),
  );
  const seen = new Set(prepare.mock.calls.map(([sql]) => sql));
  jest.restoreAllMocks();
  const db = new DatabaseSync(path);
  plans = [...seen].map((sql) => {
    const nothing = new Array<null>(sql.split('?').length - 1).fill(null);
    const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...nothing) as { detail: string }[];
    return { sql, plan: steps.map((step) => step.detail) };
  });
  db.close();
  remove();
});

async function useEverything(store: MetadataStore): Promise<void> {
  const component = { id: newId(), type: 'alerter' as const, name: 'a', flavor: 'console', config: {}, createdAt: 1 };
  await store.saveFlavors([FLAVOR, { ...FLAVOR, type: 'experiment-tracker' }]);
  await store.addFlavor({ ...FLAVOR, name: 'other' });
  await store.updateFlavor(FLAVOR);
  await store.flavors('alerter');
  await store.noteFlavorProblem('alerter', 'console', { reason: 'x', at: 1 });
  await store.createComponent(component);
  await store.component('alerter', 'a');
  for (const query of [{}, { type: 'alerter' as const }, { type: 'alerter' as const, flavor: 'console', name: 'a' }])
    await store.components(query);
  await store.createStack({ id: newId(), name: 's', createdAt: 1, components: [component] });
  await store.importStack({
    flavors: [],
    force: false,
    components: [],
    stack: { id: newId(), name: 'imported', createdAt: 1, components: [] },
  });
  await store.stack('s');
  await store.stacks({});
  const labels = { team: 'ml' };
  for (const query of [{ sort: 'name' as const }, { sort: '-createdAt' as const }]) {
    await store.components({ ...query, labels, flavor: 'console' });
    await store.stacks({ ...query, labels, component: 'a' });
  }
  await store.updateComponent('alerter', 'a', { labels, updatedAt: 2 });
  await store.createComponent({ ...component, id: newId(), type: 'experiment-tracker' });
  await store.updateComponent('experiment-tracker', 'a', { name: 'b', updatedAt: 2 });
  await store.deleteComponent('experiment-tracker', 'b');
  await store.updateStack('s', { components: [component], updatedAt: 2 });
  await expect(store.deleteComponent('alerter', 'a')).rejects.toThrow();
  await expect(store.deleteComponent('alerter', 'b')).rejects.toThrow();
  await store.deleteStack('s');
  await expect(store.deleteStack('s')).rejects.toThrow();
  await store.deleteComponent('alerter', 'a');
  await store.deleteFlavor('alerter', 'console');
  const secret = { name: 's', keys: ['k'], sealed: 'x', keyId: 'x', createdAt: 1 };
  await store.createSecret(secret);
  await store.updateSecret({ ...secret, updatedAt: 2 }, 'x');
  await store.secret('s');
  for (const query of [{}, { name: 's' }]) await store.secrets(query);
  await store.deleteSecret('s');

  const run = await createdRun(store, { tags: { rare: 'yes' } });
  const trackers = [{ component: 'mlflow', flavor: 'mlflow' }];
  await store.createTrackerRuns(run.id, trackers);
  const failed = await completedStep(store, run.id, 'load', { trackers }, { status: 'failed', willRetry: true });
  const step = await completedStep(
    store,
    run.id,
    'load',
    { cacheKey: 'k', trackers, inputs: { v: { versionId: failed.version.id, artifact: 'a', version: 1 } } },
    { cache: true },
  );
  await store.findCached('k');
  await store.cachedAfter(failed.id);
  const settled = { id: newId(), runId: run.id, stepId: 'x', stepName: 'x', workerId: WORKER.id, inputs: {}, trackers: [] };
  for (let times = 0; times < 2; times++) await store.settleSteps([{ ...settled, status: 'cached', at: 1, sourceStepRunId: step.id }]);
  const loose = { id: newId(), artifact: 'loose', storeId: 's', keyPrefix: 'k', producerRunId: run.id, workerId: WORKER.id };
  await store.intendVersions([loose]);
  await store.commitLooseVersion(run.id, sampleVersion(loose.id, 'k', { metadata: { a: { type: 'string', value: 'x' } } }));
  await store.putMetadata(step.id, { a: { type: 'string', value: 'x' } });
  await logged(store, step.id, [
    { kind: 'metrics', values: { loss: 1 }, step: 1, context: 'val' },
    { kind: 'params', values: { lr: 1 } },
    { kind: 'tags', set: { a: 'b' }, remove: ['c'] },
    { kind: 'note', markdown: 'n' },
    { kind: 'artifact', path: 'p', uri: 'u', sha256: 's', size: 1 },
    { kind: 'json', name: 'j', mime: 'm', value: 1 },
  ]);
  await store.sealSegment('none');
  await store.updateTrackerRun({
    id: step.started.trackerRuns[0]!.id,
    status: 'running',
    rejected: [{ writer: 'w', seq: 1, why: 'x' }],
    arrived: [{ writer: 'w', seq: 2 }],
  });
  await store.startAttempt({ ...settled, startedAt: 1, intents: [] });
  await store.finishRun({
    id: run.id,
    workerId: WORKER.id,
    status: 'completed',
    endedAt: 1,
    warnings: ['w'],
    spec: run.spec,
    outcome: { status: 'completed' },
  });
  await store.addWarnings(run.id, ['v']);
  await store.undelivered();
  const tracked = await createdRun(store);
  await completedStep(store, tracked.id, 'load', { trackers });
  await store.dueTrackerRuns({});
  await store.finishRun({
    ...{ id: tracked.id, workerId: WORKER.id, status: 'completed', endedAt: 1, warnings: [] },
    outcome: { status: 'completed' },
    claim: { workerId: WORKER.id, ms: 0, components: ['mlflow'] },
  });
  const claim = { runId: tracked.id, component: 'mlflow', worker: WORKER };
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await store.claimTrackerRuns(claim, 'due')).toHaveLength(2);
  await store.dueTrackerRuns({ component: 'mlflow', runId: tracked.id });
  await store.dueAcked(tracked.id, 'mlflow');
  expect(await store.renewClaim(claim)).toBe(true);
  await store.releaseClaimsOf(WORKER.id);
  await store.releaseClaim(claim);
  await store.claimTrackerRuns(claim, 'rejected');
  await store.rejectedEvents({});
  await store.refusals(tracked.id);
  await store.dueTrackerRuns({ runId: tracked.id });
  await store.dropTrackerRuns({});
  await store.segments(run.id);
  await store.runsWithOpenLogs();
  await store.hasLeftWork();
  const { name: _, ...past } = sampleRun();
  const end = { endedAt: 2, warnings: [], outcome: { status: 'completed' } as const };
  const parts = { names: ['past'], step: { id: newId(), stepId: 'a' }, segment: { id: newId(), path: 'p' } };
  await store.addPastRun({ ...past, ...end, ...parts });
  await store.runPresence(past.id);
  await store.addTrackerRuns({ runId: past.id, component: 'm', flavor: 'mlflow', settings: {} });
  await store
    .commitAttempt({
      ...{
        id: newId(),
        runId: run.id,
        fence: 1,
        status: 'completed',
        endedAt: 1,
        versions: [],
        metadata: {},
        cache: false,
        willRetry: false,
      },
      outcome: { status: 'completed' },
    })
    .catch(() => {});

  const gone = await createdRun(store);
  const goneStep = await completedStep(store, gone.id, 'load');
  await store.settleSteps([{ ...settled, id: newId(), runId: gone.id, status: 'cached', at: 1, sourceStepRunId: goneStep.id }]);
  await store.finishRun({
    ...{ id: gone.id, workerId: WORKER.id, status: 'completed', endedAt: 1, warnings: [] },
    outcome: { status: 'completed' },
  });
  await store.deleteRun(gone.id);
  const garbage = await store.findGarbage(true);
  await store.accountFor([newId()]);
  expect(await store.forgetGarbage(garbage, ['files'])).toBe(1);
  await store.forgetSegments((await store.drainedSegments('')).map(({ id }) => id));

  const left = await createdRun(store);
  await store.startAttempt({ ...settled, id: newId(), runId: left.id, startedAt: 1, intents: [] });
  await store.settleSteps([{ ...settled, id: newId(), runId: left.id, stepId: 'y', status: 'skipped', at: 1 }]);
  await store.requestCancel(left.id);
  for (const seen of await store.runsUnderWay()) await store.sweepRun({ seen, outcome: { status: 'killed', reason: 'x' } });
  await store.resumeRun({ runId: left.id, worker: WORKER, at: 1 });
  const connection = await SqliteConnection.open(store.url.replace('sqlite:', ''), false);
  await beat(connection, WORKER.id);
  connection.close();

  for (let i = 0; i < 1_001; i++) await store.createRun(sampleRun({ tags: { common: 'yes' } }));
  await store.run('latest');
  await store.stepRuns(run.id);
  await store.attemptsSince(run.id, 1);
  await store.lastAttempt(run.name, { stepId: 'load' });
  await store.lastAttempt('latest', { stepId: 'load', mapIndex: 1 });
  await store.metricHistory(step.id, 'val/loss');
  await store.document(step.id, 'j');
  await store.runNames(3);
  for (const query of RUN_QUERIES) {
    const first = await store.runs({ ...query, limit: 1 });
    if (first.next !== undefined) await store.runs({ ...query, limit: 1, after: first.next });
  }
  await store.version({ id: loose.id });
  await store.version({ artifact: 'loose', version: 'latest' });
  await store.version({ artifact: 'loose', version: 1 });
  const versionQueries: VersionQuery[] = [
    { sort: 'name' },
    { sort: '-name' },
    {},
    { artifact: 'wine/load/output' },
    { runId: run.id },
    { runId: run.id, step: 'load' },
    { step: 'load' },
  ];
  for (const query of versionQueries) {
    const first = await store.versions({ ...query, limit: 1 });
    if (first.next !== undefined) await store.versions({ ...query, limit: 1, after: first.next });
  }
  store.close();
}

const RUN_QUERIES: RunQuery[] = [
  {},
  { sort: 'startedAt' },
  { sort: 'name' },
  { sort: '-name' },
  { pipeline: 'wine' },
  { experiment: 'wine' },
  { status: 'running' },
  { stack: 'default' },
  { name: 'run' },
  { tags: { common: 'yes' } },
  { tags: { rare: 'yes' } },
  { tags: { common: 'yes', rare: 'yes' } },
];

const WAITING = [
  'SCAN e',
  'SCAN e USING COVERING INDEX event_segments_open',
  'SCAN rejected_events',
  'SCAN t USING INDEX tracker_runs_due',
];

const planned = (fragment: string) => plans.filter(({ sql }) => sql.includes(fragment));

test('everything that a store offers was used', () => {
  expect(offered.filter((method) => !called.has(method))).toEqual([]);
  expect(plans.length).toBeGreaterThan(80);
});

test('no statement reads a whole table, except lists that are walked in the order of an index until a page is full', () => {
  const scans = plans.flatMap(({ sql, plan }) => plan.filter((step) => step.startsWith('SCAN')).map((step) => ({ sql, step })));
  const inOrder = scans.filter(({ sql, step }) => / USING (COVERING )?INDEX /.test(step) && / order by .* limit | group by /.test(sql));
  const others = scans.filter((scan) => !inOrder.includes(scan)).map(({ step }) => step.replace(/ VIRTUAL.*/, ''));
  // `v` is the list of all versions, which walks the primary key backwards; `given` and `listed` are lists that are handed over; the rest is what opening a
  // store reads, and `snapshots` what garbage collection goes through. What waits for delivery, and what was refused, is little, and has indexes of such rows only.
  expect([...new Set(others)].sort()).toEqual(
    [
      ...WAITING,
      ...['SCAN given', 'SCAN listed', 'SCAN meta', 'SCAN pragma_table_info', 'SCAN snapshots', 'SCAN sqlite_master', 'SCAN v'],
    ].sort(),
  );
  expect(plans.find(({ plan }) => plan[0] === 'SCAN v')!.sql).toMatch(/order by "v"."id" desc limit/);
});

test('no list of runs is sorted as a whole, unless few carry the tag asked for', () => {
  const lists = planned('left join "experiments"').filter(({ sql }) => !sql.includes('"runs"."id" in'));
  expect(lists).toHaveLength(2 * RUN_QUERIES.filter(({ tags }) => tags?.['rare'] === undefined).length);
  for (const { plan } of lists) expect(plan.join()).not.toMatch(/TEMP B-TREE/);
});

test('versions by name are not sorted as a whole, but walked by artifact and number', () => {
  const lists = planned('order by "a"."name"');
  expect(lists).toHaveLength(4);
  for (const { plan } of lists) {
    expect(plan.slice(0, 2)).toEqual([
      expect.stringMatching(/^(SCAN|SEARCH) a USING INDEX/),
      expect.stringMatching(/^SEARCH v USING INDEX artifact_versions_number/),
    ]);
    expect(plan.join()).not.toMatch(/TEMP B-TREE/);
  }
});

test('a tag that most runs carry is looked up run by run', () => {
  const [common] = planned('exists (select "entity_id" from "tags"');
  expect(common!.plan[0]).toBe('SCAN runs USING INDEX runs_started');
  expect(common!.plan.join()).toMatch(/SEARCH tags .*entity_id=\?/);
});

test('what waits of one run, and what was refused of it, is looked up by that run, however much waits of others', () => {
  const ofRun = planned('and "t"."pipeline_run_id" = ?').filter(({ sql }) => /^select "t"."component", /.test(sql));
  expect(ofRun).toHaveLength(2);
  for (const { plan } of ofRun) expect(plan).toContainEqual(expect.stringMatching(/^SEARCH t USING INDEX tracker_runs_of /));
});

test('the history of one series reads that series alone, in order', () => {
  const [history] = planned('from "metric_points"').filter(({ sql }) => sql.startsWith('select'));
  expect(history!.plan).toEqual(['SEARCH metric_points USING PRIMARY KEY (series_id=?)']);
});

test('reading a run and its steps takes as many queries with 200 steps as with one', async () => {
  const { store, remove } = await temporaryStore();
  const [small, large] = [await createdRun(store), await createdRun(store)];
  await completedStep(store, small.id, 'only');
  for (let i = 0; i < 200; i++) await completedStep(store, large.id, `step${i}`);
  const all = jest.spyOn(Object.getPrototypeOf(new DatabaseSync(':memory:').prepare('SELECT 1')) as { all: () => unknown }, 'all');
  const queriesOf = async (id: string) => {
    all.mockClear();
    await store.run(id);
    await store.stepRuns(id);
    return all.mock.calls.length;
  };
  const few = await queriesOf(small.id);
  expect(await queriesOf(large.id)).toBe(few);
  expect(few).toBeGreaterThan(5);
  jest.restoreAllMocks();
  remove();
});
