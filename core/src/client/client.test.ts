import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { consoleFile, consoleLine } from '../execution/step-console.ts';
import { activeRun, pipeline, step } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { ArtifactStores } from './artifact-stores.ts';
import { Client } from './client.ts';
import type { OpenedProject } from './project-client.ts';

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

const load = step('load', async () => ({ rows: [1, NaN], at: new Date(0) }));
const train = step('train', { experimentTracker: true }, async ({ data, epochs }: { data: { rows: number[] }; epochs: number }) => {
  for (let epoch = 1; epoch <= epochs; epoch++) activeRun().logMetrics({ loss: epoch === 2 ? Infinity : 1 / epoch }, { step: epoch });
  return data.rows.length;
});
const training = pipeline('training', { params: { epochs: 3 } }, ({ epochs }) => train({ data: load(), epochs }));

describe('getPipelineRun', () => {
  it('finds a run by its name, its id, and as the latest', async () => {
    const { id } = await training.run({}, { name: 'first' });
    for (const key of ['first', id, 'latest']) expect((await client.getPipelineRun(key)).id).toBe(id);
    await training.run({}, { name: 'second' });
    expect((await client.getPipelineRun('latest')).name).toBe('second');
  });

  it('leads to the tracker run by the run metadata of a step, also of a cached one', async () => {
    await training.run({}, { name: 'first' });
    await training.run({}, { name: 'cached' });
    const url = (await client.getPipelineRun('first')).steps['train']!.runMetadata['experiment_tracker_url']!.value;
    expect(url).toMatch(/^file:/);
    const cached = (await client.getPipelineRun('cached')).steps['train']!;
    expect([cached.status, cached.runMetadata['experiment_tracker_url']!.value]).toEqual(['cached', url]);
  });

  it('throws UnknownRun with the nearest name, or that there is none yet', async () => {
    await expect(client.getPipelineRun('latest')).rejects.toMatchObject({ code: 'UNKNOWN_RUN', message: 'there is no run yet' });
    await training.run({}, { name: 'first' });
    await expect(client.getPipelineRun('fisrt')).rejects.toMatchObject({ code: 'UNKNOWN_RUN', advice: 'Did you mean "first"?' });
  });

  it('shows no half of a run that is deleted while it is read', async () => {
    await training.run({}, { name: 'first' });
    await training.run({}, { name: 'second' });
    const { store } = await (client as unknown as { open(): Promise<OpenedProject> }).open();
    const other = new Client();
    const { stepRuns } = store;
    const deleting = jest.spyOn(store, 'stepRuns').mockImplementation(async (id) => {
      deleting.mockRestore();
      await other.deleteRun('second');
      await other.deleteRun('first');
      return stepRuns(id);
    });
    await expect(client.getPipelineRun('first')).rejects.toMatchObject({ code: 'UNKNOWN_RUN' });
    await other.close();
  });

  it('shows a run whose artifact store is gone, without URIs', async () => {
    await client.registerComponent({ type: 'artifact-store', name: 'shared', flavor: 'local', config: { path: 'shared' } });
    await client.registerStack('laptop', { orchestrator: 'default', 'artifact-store': 'shared', 'experiment-tracker': 'default' });
    await training.run({}, { name: 'first', stack: 'laptop' });
    const uri = (await client.getPipelineRun('first')).steps['load']!.outputs['output']!.uri!;
    const folder = `${project.project.root}/shared`;
    expect(fileURLToPath(uri).startsWith(folder)).toBe(true);
    await client.close();
    rmSync(folder, { recursive: true });
    const { status, outputs } = (await client.getPipelineRun('first')).steps['load']!;
    expect([status, outputs['output']!.uri]).toEqual(['completed', null]);
  });
});

describe('artifacts', () => {
  it('are listed by artifact and by run, and loaded', async () => {
    const { id } = await training.run();
    const { items } = await client.listArtifacts({ runId: id });
    expect(items.map(({ artifact, version, output, runId }) => [artifact, version, output, runId]).toSorted()).toEqual([
      ['training/load/output', 1, 'output', id],
      ['training/train/output', 1, 'output', id],
    ]);
    await training.run({}, { cache: false });
    expect((await client.listArtifacts({ artifact: 'training/load/output' })).items.map(({ version }) => version).toSorted()).toEqual([
      1, 2,
    ]);
    const latest = await client.getArtifactVersion('training/load/output');
    expect(latest).toMatchObject({ version: 2, uri: expect.stringMatching(/^file:/) });
    expect(await latest.load()).toEqual({ rows: [1, NaN], at: new Date(0) });
    expect((await client.getArtifactVersion('training/load/output', 1)).version).toBe(1);
    await expect(client.getArtifactVersion('training/lod/output')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  });

  it('of a run, or of a step of it, are also those that it took from the cache', async () => {
    const made = await training.run();
    const again = await training.run();
    expect(again.steps['load']!.status).toBe('cached');
    const all = await client.listArtifacts({ runId: made.id });
    expect(all.items).toHaveLength(2);
    expect(await client.listArtifacts({ runId: again.id })).toEqual(all);
    const { items } = await client.listArtifacts({ runId: again.id, step: 'load' });
    expect(items.map(({ artifact, version, runId }) => [artifact, version, runId])).toEqual([['training/load/output', 1, made.id]]);
  });

  it('of a run are also found by its name', async () => {
    const { id } = await training.run({}, { name: 'first' });
    const byId = await client.listArtifacts({ runId: id });
    expect(byId.items).toHaveLength(2);
    for (const runId of ['first', 'latest']) expect(await client.listArtifacts({ runId })).toEqual(byId);
  });

  it('load in a project that was moved', async () => {
    await training.run();
    const { root } = project.project;
    renameSync(root, `${root}-moved`);
    try {
      process.env['MORTISE_PROJECT'] = `${root}-moved`;
      const moved = await Client.open();
      const { uri, load: value } = await moved.getArtifactVersion('training/train/output');
      expect(fileURLToPath(uri!).startsWith(`${root}-moved/`)).toBe(true);
      expect(await value()).toBe(2);
      await moved.close();
    } finally {
      renameSync(`${root}-moved`, root);
      process.env['MORTISE_PROJECT'] = root;
    }
  });
});

it('metricHistory gives every point of a metric, also of a cached step, none of an unknown one, and throws for an unknown step', async () => {
  await training.run({}, { name: 'first' });
  await training.run({}, { name: 'cached' });
  const points = await client.metricHistory('first', 'train', 'loss');
  expect(points.map(({ step: at, value }) => [at, value])).toEqual([[1, 1], [2, Infinity], [3, 1 / 3]]); // prettier-ignore
  expect(await client.metricHistory('cached', 'train', 'loss')).toEqual(points);
  expect(await client.metricHistory('first', 'train', 'los')).toEqual([]);
  await expect(client.metricHistory('first', 'trian', 'loss')).rejects.toMatchObject({
    line: 'UNKNOWN_STEP: run "first" has no step "trian". Did you mean "train"?',
  });
});

it('one metric, or one document, of a run with many steps and metrics is read without the others', async () => {
  const log = step('log', { experimentTracker: true, cache: false }, async ({ n, metrics }: { n: number; metrics: number }) => {
    activeRun().logMetrics(Object.fromEntries(Array.from({ length: metrics }, (_, i) => [`loss_${i}`, n])), { context: 'val', step: 1 });
    activeRun().logJson('scores', n);
  });
  const logging = pipeline('logging', { params: { steps: 1, metrics: 1 } }, ({ steps, metrics }) => {
    for (let n = 0; n < steps; n++) log({ n, metrics });
  });
  await logging.run({}, { name: 'small' });
  await logging.run({ steps: 20, metrics: 50 }, { name: 'large' });
  await client.status();
  const rows = rowsRead();
  const readOf = async (run: string): Promise<number> => {
    rows.reset();
    expect((await client.metricHistory(run, 'log', 'val/loss_0')).map(({ value }) => value)).toEqual([0]);
    expect((await client.getDocument(run, 'log', 'scores'))?.value).toBe(0);
    return rows.count();
  };
  const small = await readOf('small');
  expect(await readOf('large')).toBe(small);
  expect(small).toBeGreaterThan(0);
  jest.restoreAllMocks();
});

/** Counts what statements give from now on. */
function rowsRead(): { reset(): void; count(): number } {
  const statement = Object.getPrototypeOf(new DatabaseSync(':memory:').prepare('SELECT 1')) as { all(): unknown[]; get(): unknown };
  const [all, get] = [jest.spyOn(statement, 'all'), jest.spyOn(statement, 'get')];
  return {
    reset() {
      all.mockClear();
      get.mockClear();
    },
    count: () => all.mock.results.reduce((sum, { value }) => sum + (value as unknown[]).length, get.mock.results.length),
  };
}

it('shows what a step logged, and gives back JSON, tables and figures by name, also of a cached step', async () => {
  const report = step('report', { experimentTracker: true }, async ({ lr }: { lr: number }) => {
    const run = activeRun();
    run.setNote('went *well*');
    run.logJson('scores', { best: NaN, at: new Date(0) });
    run.logTable('rows', [{ a: 1 }, { a: 2 }]);
    await run.logArtifact(Buffer.from('abc'), { path: 'plots/loss.txt' });
    return lr;
  });
  const reporting = pipeline('reporting', () => report({ lr: NaN }));
  await reporting.run({}, { name: 'first' });
  await reporting.run({}, { name: 'cached' });
  for (const name of ['first', 'cached']) {
    const { params, tracker } = (await client.getPipelineRun(name)).steps['report']!;
    expect(params).toEqual({ lr: 'NaN' });
    expect(tracker.note).toBe('went *well*');
    expect(tracker.artifacts).toEqual([
      { path: 'plots/loss.txt', uri: expect.stringMatching(/^file:/), sha256: expect.any(String), size: 3 },
    ]);
    expect(tracker.documents.map(({ name: document }) => document).toSorted()).toEqual(['rows', 'scores']);
    expect(await client.getDocument(name, 'report', 'scores')).toEqual({ name: 'scores', mime: 'application/json', value: { best: 'NaN', at: '1970-01-01T00:00:00.000Z' } }); // prettier-ignore
    expect((await client.getDocument(name, 'report', 'rows'))?.mime).toContain('table');
    expect(await client.getDocument(name, 'report', 'none')).toBeNull();
    await expect(client.getDocument(name, 'reprot', 'rows')).rejects.toMatchObject({ advice: 'Did you mean "report"?' });
  }
});

describe('stacks and components', () => {
  it('are registered, listed and made active', async () => {
    await client.registerComponent(
      { type: 'orchestrator', name: 'narrow', flavor: 'local', config: { concurrency: '2' } },
      { stringsFromCommandLine: true },
    );
    expect((await client.getComponent('orchestrator', 'narrow')).config).toEqual({ concurrency: 2 });
    await client.registerStack('narrow', { orchestrator: 'narrow', 'artifact-store': 'default' });
    expect((await client.activeStack()).name).toBe('default');
    await client.setActiveStack('narrow');
    expect(await client.activeStack()).toMatchObject({ name: 'narrow', active: true });
    expect((await client.listStacks()).items.map(({ name, active }) => [name, active]).toSorted()).toEqual([['default', false], ['narrow', true]]); // prettier-ignore
    await expect(client.deleteStack('narrow')).rejects.toMatchObject({ code: 'STACK_IN_USE' });
  });

  it('status says where the project stands', async () => {
    await training.run({}, { name: 'first' });
    expect(await client.status()).toMatchObject({
      root: project.project.root,
      activeStack: { name: 'default' },
      lastRun: { name: 'first', status: 'completed' },
      undelivered: { total: 0, components: [] },
    });
  });
});

describe('callers without types are refused', () => {
  const loose = () => client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  it.each<[call: string, args: unknown[], line: string]>([
    ['collectGarbage', [{ dryrun: true }], 'UNKNOWN_OPTION: collectGarbage() has no option "dryrun". Did you mean "dryRun"?'],
    ['collectGarbage', [null], 'BAD_USAGE: the options of collectGarbage() are no object'],
    ['listRuns', [{ pipelin: 'wine' }], 'UNKNOWN_OPTION: listRuns() has no option "pipelin". Did you mean "pipeline"?'],
    ['listRuns', [{ tags: 'kind' }], 'BAD_OPTION: option "tags" of listRuns() must be an object of texts'],
    ['listRuns', [{ limit: 'x' }], 'BAD_OPTION: option "limit" of listRuns() must be a number'],
    ['listRuns', [{ limit: 0 }], 'BAD_OPTION: option "limit" of listRuns() must be a whole number from 1'],
    ['listSecrets', [{ limit: 1.5 }], 'BAD_OPTION: option "limit" of listSecrets() must be a whole number from 1'],
    ['listRuns', [{ status: 'complete' }], 'BAD_OPTION: option "status" of listRuns() cannot be "complete". Did you mean "completed"?'],
    ['listComponents', [{ type: 'alertr' }], 'UNKNOWN_COMPONENT_TYPE: no component type "alertr". Did you mean "alerter"?'],
    ['listArtifacts', [{ runId: 'nothing' }], 'UNKNOWN_RUN: no run "nothing". "mortise runs list" shows what there is.'],
    [
      'listRuns',
      [{ sort: 'pipeline' }],
      'BAD_USAGE: no list is sorted by "pipeline". Sort by startedAt or name, with "-" for the last first.',
    ],
    ['listArtifacts', [{ run: 'x' }], 'UNKNOWN_OPTION: listArtifacts() has no option "run". Did you mean "runId"?'],
    ['listStacks', [{ labels: { team: 1 } }], 'BAD_OPTION: option "labels" of listStacks() must be an object of texts'],
    ['listComponents', [{ flavour: 'x' }], 'UNKNOWN_OPTION: listComponents() has no option "flavour". Did you mean "flavor"?'],
    ['listSecrets', [{ sort: 'name' }], 'UNKNOWN_OPTION: listSecrets() has no option "sort". Known: limit, after, name.'],
    ['getPipelineRun', [], 'UNKNOWN_RUN: no run "undefined". "mortise runs list" shows what there is.'],
    ['deleteRun', [3], 'UNKNOWN_RUN: no run "3". "mortise runs list" shows what there is.'],
  ])('%s(...%j)', async (call, args, line) => {
    await expect(loose()[call]!.call(client, ...args)).rejects.toMatchObject({ line });
  });
});

it('calls that are not awaited before close() say so in one line', async () => {
  await client.listRuns();
  const calls = [client.listRuns(), client.status(), client.getPipelineRun('latest')];
  const closed = client.close();
  for (const call of await Promise.allSettled(calls))
    if (call.status === 'rejected')
      expect(call.reason).toMatchObject({ code: 'BAD_USAGE', advice: 'Await the calls of a Client before its close().' });
  await closed;
  const other = await (client as unknown as { open(): Promise<OpenedProject> }).open();
  await client.close();
  await expect(other.store.runs({})).rejects.toMatchObject({
    message: expect.stringMatching(/^the store .*store\.db was closed while it was in use$/),
  });
});

it('lets go of the store also where an artifact store cannot be let go of', async () => {
  const { close } = ArtifactStores.prototype;
  const failing = jest.spyOn(ArtifactStores.prototype, 'close').mockImplementation(async function (this: ArtifactStores) {
    await close.call(this);
    throw new Error('the disk is gone');
  });
  await client.listRuns();
  const log = `${project.project.folder}/store.db-wal`;
  expect(existsSync(log)).toBe(true);
  await expect(client.close()).rejects.toThrow('the disk is gone');
  failing.mockRestore();
  expect(existsSync(log)).toBe(false);
});

it('shows what a step printed around a part of it that was damaged', async () => {
  const { id } = await training.run();
  const [version] = (await client.listArtifacts({ runId: id, step: 'load' })).items;
  const file = consoleFile(project.project.logsFolder, id, version!.stepRunId!);
  mkdirSync(dirname(file), { recursive: true });
  const [one, two, three] = ['one', 'two', 'three'].map((text) => consoleLine({ at: 1, stream: 'out', text }));
  // A power cut may leave zeros in the place of bytes.
  two!.fill(0, 0, 20);
  writeFileSync(file, Buffer.concat([one!, two!, three!]));
  const printed: string[] = [];
  for await (const { text } of client.stepLogs(id)) printed.push(text);
  expect(printed).toEqual(['one', '... a part of the output that was here is damaged\n', 'three']);
});

it('a client opens the project with its first call, and again after close()', async () => {
  const elsewhere = process.env['MORTISE_PROJECT'];
  process.env['MORTISE_PROJECT'] = '/';
  const late = new Client();
  await expect(late.listRuns()).rejects.toMatchObject({ code: 'NO_PROJECT' });
  process.env['MORTISE_PROJECT'] = elsewhere;
  expect((await late.listRuns()).items).toEqual([]);
  await late.close();
  expect((await late.listRuns()).items).toEqual([]);
  await late.close();
});
