import { join } from 'node:path';

import { UnknownComponent } from '../errors.ts';
import { deliveryPlace } from '../execution/take-over-left.ts';
import { workerIdentity } from '../execution/worker-identity.ts';
import type { Project } from '../project/project.ts';
import { processLog } from '../stack/logger.ts';
import type { DeliveryQuery } from '../store/delivery-store.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { deliverLeft } from '../tracking/deliver-left.ts';
import { joinedReasons } from '../tracking/failure.ts';
import { indexLog } from '../tracking/log-index.ts';
import { segmentFiles } from '../tracking/segment-files.ts';
import { findRun } from './read-pipeline-run.ts';
import { alike, refusedByRun, setAsideEvents, type RefusedEvents, type RefusedOfRun, type SetAsideEvent } from './set-aside.ts';

/** How long a tracker that only fails is tried again, ms. */
const PATIENCE_MS = 15_000;

/** What an experiment tracker has not taken. */
export interface TrackerStatus {
  component: string;
  flavor: string;
  /** Tracker runs that have not reached their end. Those of runs that are under way are delivered by these. */
  trackerRuns: number;
  /** Logged events that these have not taken, as far as their logs are on this machine. */
  events: number;
  /** null: nothing stands in the way, as far as is known. */
  lastError: string | null;
  /** Events that it refused for good, those that are alike together. */
  refused: RefusedEvents[];
  /** Each of them. */
  setAside: SetAsideEvent[];
}

export interface DeliveryOptions {
  /** Only this experiment tracker. Default: all. */
  component?: string;
  /** Ends it; what is left is for later. */
  signal?: AbortSignal;
  /** How long a tracker that only fails is tried again, ms. Default 15,000. */
  patienceMs?: number;
}

export interface DeliveryReport {
  component: string;
  /** Tracker runs that have reached their end now. */
  delivered: number;
  /** That have not. */
  left: number;
  /** Of those: why; null when nothing is left. */
  reason: string | null;
  /** What to do about it; null when that is not known, or when it may pass. */
  advice: string | null;
  /** Runs that were delivered, or were to be, of which it has refused events for good: these hold nothing up, and `trackerStatus` has each. */
  refused: RefusedOfRun[];
}

export interface Place {
  store: MetadataStore;
  project: Project;
}

/** What is waiting at each experiment tracker that is registered, or that has anything waiting. */
export async function trackerStatus({ store, project }: Place, component: string | undefined): Promise<TrackerStatus[]> {
  const query = await known(store, component);
  const due = await store.dueTrackerRuns(query);
  const setAside = await store.rejectedEvents(query);
  const found = new Map<string, TrackerStatus>();
  const of = (name: string, flavor: string): TrackerStatus => {
    let status = found.get(name);
    if (status === undefined)
      found.set(name, (status = { component: name, flavor, trackerRuns: 0, events: 0, lastError: null, refused: [], setAside: [] }));
    return status;
  };
  for (const { name, flavor } of await registered(store, component)) of(name, flavor);
  for (const work of due) {
    const status = of(work.component, work.flavor);
    status.trackerRuns += work.trackerRuns;
    status.events += await waitingEvents({ store, project }, work.runId, work.component);
  }
  for (const status of found.values())
    status.lastError = joinedReasons(due.flatMap((work) => (work.component === status.component ? (work.lastError ?? []) : []))) ?? null;
  for (const events of Map.groupBy(setAside, ({ component: name }) => name).values()) {
    const status = of(events[0]!.component, events[0]!.flavor);
    status.setAside = await setAsideEvents(events, project.logsFolder);
    status.refused = alike(status.setAside);
  }
  return [...found.values()].sort((a, b) => (a.component < b.component ? -1 : 1));
}

async function waitingEvents({ store, project }: Place, runId: string, component: string): Promise<number> {
  const acked = new Map((await store.dueAcked(runId, component)).map((row) => [row.runId, row.acked]));
  const index = await indexLog(await segmentFiles(join(project.logsFolder, runId)), (stepRun, writer, seq) => {
    const through = acked.get(stepRun);
    return through !== undefined && seq > (through[writer] ?? 0);
  });
  return [...index.values()].reduce((sum, { count }) => sum + count, 0);
}

/** Delivers all that other processes left (or what was set aside), and says what is left of it. */
export async function deliver(place: Place, options: DeliveryOptions, retry = false): Promise<DeliveryReport[]> {
  return deliverWaiting(place, await known(place.store, options.component), options, { retry });
}

/** `runIds`: only these runs. Default: all. */
export async function deliverWaiting(
  place: Place,
  query: DeliveryQuery,
  { signal, patienceMs = PATIENCE_MS }: Pick<DeliveryOptions, 'signal' | 'patienceMs'>,
  { retry = false, runIds }: { retry?: boolean; runIds?: ReadonlySet<string> },
): Promise<DeliveryReport[]> {
  const { store } = place;
  const taken = runIds ?? new Set((await (retry ? store.rejectedEvents(query) : store.dueTrackerRuns(query))).map(({ runId }) => runId));
  const ends = await deliverLeft(deliveryPlace({ ...place, log: processLog(), worker: workerIdentity() }), {
    ...query,
    patienceMs,
    retry,
    ...(signal && { signal }),
    ...(runIds && { runIds }),
  });
  const due = retry ? [] : await store.dueTrackerRuns(query);
  const left = due.filter(({ free, runId }) => free && (runIds?.has(runId) ?? true));
  const rejected = (await store.rejectedEvents(query)).filter(({ runId }) => taken.has(runId));
  const refused = Map.groupBy(rejected, ({ component }) => component);
  // Of named runs also what was refused before is told: nothing may be left to send of them.
  const before = runIds === undefined ? [] : refused.keys();
  const names = new Set([...ends.map((end) => end.component), ...left.map((work) => work.component), ...before]);
  return [...names].sort().map((name) => {
    const end = ends.find((each) => each.component === name);
    const works = left.filter((work) => work.component === name);
    const claimed = works.some(({ claimedBy }) => claimedBy !== undefined) ? 'another process is delivering them' : undefined;
    const reason = end?.failure ?? claimed ?? works.find(({ lastError }) => lastError !== undefined)?.lastError ?? 'stopped';
    const count = works.reduce((sum, { trackerRuns }) => sum + trackerRuns, 0);
    return {
      component: name,
      delivered: end?.delivered ?? 0,
      left: count,
      reason: count > 0 || end?.failure !== undefined ? reason : null,
      advice: end?.advice ?? null,
      refused: refusedByRun(refused.get(name) ?? []),
    };
  });
}

/** Gives up what waits and what was set aside. */
export async function drop(store: MetadataStore, component: string | undefined, run: string | undefined) {
  const query = await known(store, component);
  return store.dropTrackerRuns({ ...query, ...(run !== undefined && { runId: (await findRun(store, run)).id }) });
}

/** Throws `UnknownComponent` for a name that is neither registered nor has anything waiting. */
async function known(store: MetadataStore, component: string | undefined): Promise<DeliveryQuery> {
  if (component === undefined) return {};
  const query = { component };
  if ((await registered(store, component)).length > 0) return query;
  if ((await store.dueTrackerRuns(query)).length > 0 || (await store.rejectedEvents(query)).length > 0) return query;
  const names = (await registered(store, undefined)).map(({ name }) => name);
  throw new UnknownComponent({ type: 'experiment-tracker', name: component, known: names });
}

async function registered(store: MetadataStore, name: string | undefined): Promise<{ name: string; flavor: string }[]> {
  const type = 'experiment-tracker';
  if (name === undefined) return (await store.components({ type, limit: 1000 })).items;
  const one = await store.component(type, name);
  return one === undefined ? [] : [one];
}
