import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { workerIdentity } from '../execution/worker-identity.ts';
import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { openStore } from '../store/open-store.ts';
import { temporaryArtifactStore, type TemporaryArtifactStore } from '../testing/temporary-artifact-store.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { importRun, type Imported } from './import-run.ts';
import { importedIds } from './imported-ids.ts';
import type { ImportedEvent, ImportedRun } from './run-importer.ts';

let project: Project;
let store: MetadataStore;
let artifacts: TemporaryArtifactStore;
let remove: () => void;
beforeEach(async () => {
  ({ project, remove } = await temporaryProject());
  store = await openStore(project.storeUrl);
  artifacts = await temporaryArtifactStore();
});
afterEach(() => {
  store.close();
  artifacts[Symbol.dispose]();
  remove();
});

const POINTS = 3_000;
const RUN: ImportedRun = {
  ...{
    id: 'a',
    name: 'red',
    experiment: 'wine',
    startedAt: 1_700_000_000_000,
    endedAt: 1_700_000_060_000,
    outcome: { status: 'completed' },
  },
  async *events() {
    for (let step = 0; step < POINTS; step++) yield { at: 1_700_000_000_000 + step, kind: 'metrics', values: { loss: step }, step };
  },
};
const { run: RUN_ID, step: STEP_ID } = importedIds('sage', 'a');

/** Imports the run with a process that ends where the store is asked for `diesAt`. */
async function importUntil(diesAt: keyof MetadataStore | undefined, run = RUN): Promise<Imported> {
  const dying: MetadataStore = { ...store };
  if (diesAt !== undefined) Object.assign(dying, { [diesAt]: () => Promise.reject(new Error('the process was killed')) });
  const place = { store: dying, logsFolder: project.logsFolder, worker: workerIdentity(), stack: { name: 'default', components: [] } };
  return importRun(
    { ...place, artifactStore: async () => artifacts.store, signal: new AbortController().signal, read: () => undefined },
    'sage',
    run,
  );
}
const points = async (): Promise<number> => (await store.metricHistory(STEP_ID, 'loss')).length;

test('killed before the run is recorded, an import leaves no run; the next one has it whole, from one log', async () => {
  await expect(importUntil('addPastRun')).rejects.toThrow('was killed');
  expect(await store.run(RUN_ID)).toBeUndefined();
  expect(await importUntil(undefined)).toEqual({ done: 'imported', points: POINTS, files: 0 });
  expect(await points()).toBe(POINTS);
  expect(readdirSync(join(project.logsFolder, RUN_ID))).toHaveLength(1);
  expect(readdirSync(join(project.logsFolder, '.staged'))).toEqual([]);
});

test.each(['applyEvents', 'sealSegment'] as const)('killed at %s, an import is finished by the next one', async (diesAt) => {
  await expect(importUntil(diesAt)).rejects.toThrow('was killed');
  expect((await store.run(RUN_ID))?.status).toBe('completed');
  expect(await store.runsWithOpenLogs()).toEqual([RUN_ID]);
  expect(await importUntil(undefined)).toEqual({ done: 'there' });
  expect([await points(), await store.runsWithOpenLogs()]).toEqual([POINTS, []]);
});

test('a run that was imported is not read again', async () => {
  await importUntil(undefined);
  const events = (): never => {
    throw new Error('it was read');
  };
  expect(await importUntil(undefined, { ...RUN, events })).toEqual({ done: 'there' });
});

test('of two imports that read a run at the same time one has it, and both are content', async () => {
  const [one, other] = await Promise.all([importUntil(undefined), importUntil(undefined)]);
  expect([one.done, other.done].sort()).toEqual(['imported', 'there']);
  expect(await points()).toBe(POINTS);
  const [segment] = await store.segments(RUN_ID);
  expect(segment).toMatchObject({ appliedLines: POINTS, sealed: true });
});

describe('of two imports of a run one fails, and the files of the other stay', () => {
  async function* withFile(then: () => Promise<unknown>): AsyncGenerator<ImportedEvent> {
    const read = async function* () {
      yield Buffer.from('weights');
    };
    yield { at: RUN.startedAt, kind: 'artifact', path: 'net.txt', read };
    await then();
  }
  const torn = async (): Promise<never> => {
    throw new Error('page 7 is torn');
  };
  const nothing = async (): Promise<void> => undefined;
  const importing = (then: () => Promise<unknown>): Promise<Imported> => importUntil(undefined, { ...RUN, events: () => withFile(then) });
  const bytes = async (): Promise<string> => {
    const [file] = (await store.stepRuns(RUN_ID))[0]!.tracked.artifacts;
    return readFile(new URL(file!.uri), 'utf8');
  };

  test('where the other was done before', async () => {
    await expect(importing(async () => [await importing(nothing), await torn()])).rejects.toThrow('page 7 is torn');
    expect(await bytes()).toBe('weights');
  });

  test('where the other goes on after that', async () => {
    const failed = (): Promise<void> => expect(importing(torn)).rejects.toThrow('page 7 is torn');
    expect(await importing(failed)).toMatchObject({ done: 'imported' });
    expect(await bytes()).toBe('weights');
  });
});

test('an import that could not be recorded leaves nothing of what was read then: the next one has what came since', async () => {
  await expect(importUntil('addPastRun')).rejects.toThrow('was killed');
  const longer = async function* (): AsyncGenerator<ImportedEvent> {
    yield* RUN.events(new AbortController().signal);
    yield { at: RUN.startedAt, kind: 'metrics', values: { loss: 7 }, step: POINTS };
  };
  expect(await importUntil(undefined, { ...RUN, events: longer })).toMatchObject({ points: POINTS + 1 });
  expect(await points()).toBe(POINTS + 1);
});
