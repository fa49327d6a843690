import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../id.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { NewRun, WorkerRecord } from '../store/run-data.ts';
import type { AttemptCommit, NewAttempt, StartedAttempt } from '../store/step-data.ts';
import type { LoggedRecord } from '../store/tracking-data.ts';
import type { CommittedVersion, ProducedVersion, VersionRecord } from '../store/version-data.ts';
import { openStore } from '../store/open-store.ts';
import type { LoggedEvent } from '../tracking/experiment-tracker.ts';

export const WORKER: WorkerRecord = { id: newId(), host: 'here', bootId: 'boot', pidNamespace: 'pid:[1]', pid: 1, processStartedAt: '1' };

/** A store in a folder of its own. For tests. */
export async function temporaryStore(): Promise<{ store: MetadataStore; path: string; remove(): void }> {
  const folder = temporaryFolder();
  const path = join(folder.path, 'store.db');
  const store = await openStore(`sqlite:${path}`, { create: true });
  return {
    store,
    path,
    remove() {
      store.close();
      folder.remove();
    },
  };
}

export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'mortise-store-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function sampleRun(over: Partial<NewRun> = {}): NewRun {
  const id = newId();
  return {
    id,
    name: `run-${id}`,
    pipeline: 'wine',
    experiment: 'wine',
    startedAt: 1_000,
    params: { lr: 0.1 },
    tags: {},
    spec: { specVersion: 1, pipeline: 'wine', style: 'function', module: 'wine.ts', params: { lr: 0.1 }, steps: [] },
    stack: { name: 'default', components: [] },
    environment: { host: 'here', node: '24.0.0', packages: {}, command: ['mortise', 'run', 'wine.ts'], user: 'me' },
    worker: WORKER,
    ...over,
  };
}

export async function createdRun(store: MetadataStore, over: Partial<NewRun> = {}): Promise<NewRun> {
  const run = sampleRun(over);
  await store.createRun(run);
  return run;
}

export function sampleAttempt(runId: string, stepId: string, over: Partial<NewAttempt> = {}): NewAttempt {
  return {
    id: newId(),
    runId,
    stepId,
    stepName: stepId,
    startedAt: 2_000,
    workerId: WORKER.id,
    inputs: {},
    trackers: [],
    intents: [],
    ...over,
  };
}

export function sampleCommit(id: string, fence: number, over: Partial<AttemptCommit> = {}): AttemptCommit {
  return {
    id,
    runId: 'of no matter',
    fence,
    status: 'completed',
    endedAt: 3_000,
    versions: [],
    metadata: {},
    cache: false,
    outcome: { status: 'completed' },
    willRetry: false,
    ...over,
  };
}

/** Announces a version of `artifact` that no step makes, and gives what commits it. */
export async function intended(
  store: MetadataStore,
  producerRunId: string,
  artifact: string,
  over: Partial<CommittedVersion> = {},
): Promise<CommittedVersion> {
  const id = newId();
  await store.intendVersions([{ id, artifact, storeId: 'files', keyPrefix: `${artifact}/${id}`, producerRunId, workerId: WORKER.id }]);
  return sampleVersion(id, `${artifact}/${id}.json`, over);
}

export function sampleVersion(id: string, key: string, over: Partial<CommittedVersion> = {}): CommittedVersion {
  return {
    id,
    output: 'output',
    key,
    size: 3,
    sha256: 'ab'.repeat(32),
    materializer: 'json',
    materializerVersion: 1,
    meta: null,
    metadata: {},
    ...over,
  };
}

/** A version that an attempt made of `artifact`. */
export function producedVersion(artifact: string, over: Partial<CommittedVersion> = {}): ProducedVersion {
  const id = newId();
  return { ...sampleVersion(id, `${artifact}/${id}.json`, over), artifact, storeId: 'files' };
}

/** A step that ran well and left one version of `<pipeline>/<step>/output`. */
export async function completedStep(
  store: MetadataStore,
  runId: string,
  stepId: string,
  attempt: Partial<NewAttempt> = {},
  commit: Partial<AttemptCommit> = {},
): Promise<{ id: string; started: StartedAttempt; version: VersionRecord }> {
  const begun = sampleAttempt(runId, stepId, attempt);
  const started = await store.startAttempt(begun);
  const made = producedVersion(`wine/${stepId}/output`);
  const [version] = await store.commitAttempt(sampleCommit(begun.id, started.fence, { runId, versions: [made], ...commit }));
  return { id: begun.id, started, version: version! };
}

/** Applies events as one segment of the log of `runId`, each `at` 1, 2, 3, ... unless it says otherwise. */
export async function logged(store: MetadataStore, runId: string, events: readonly (LoggedEvent & { at?: number })[]): Promise<void> {
  const id = newId();
  await store.openSegment({ id, runId, workerId: WORKER.id, path: `${id}.log`, openedAt: 0 });
  await store.applyEvents(id, recordsOf(runId, events), 0, events.length);
}

export function recordsOf(runId: string, events: readonly (LoggedEvent & { at?: number })[]): LoggedRecord[] {
  return events.map((event, i) => ({ runId, writer: 'w', seq: i + 1, ...event, at: event.at ?? i + 1 }));
}
