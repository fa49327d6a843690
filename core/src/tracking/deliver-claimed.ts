import { setMaxListeners } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { CLAIM_MS } from '../store/claim-ms.ts';
import type { RejectedEvent, StoredTrackerRun, TrackerRunClaim } from '../store/delivery-store.ts';
import type { RunRecord } from '../store/run-data.ts';
import { warnOfLost } from './apply-left-logs.ts';
import { artifactReader } from './artifact-reader.ts';
import type { DeliveryPlace } from './delivery-place.ts';
import { EventLogReader } from './event-log-reader.ts';
import type { ReadArtifact } from './experiment-tracker.ts';
import { failureOf, type Failure } from './failure.ts';
import type { LeftTrackers, PacedComponent } from './left-trackers.ts';
import { segmentFiles } from './segment-files.ts';
import { deliverStoredRun, type StoredRunEnd, type StoredRunPlan } from './stored-run-delivery.ts';

const RENEW_MS = CLAIM_MS / 3;
/** One that was not renewed for so long is not relied on: what is on its way is to arrive before another process may begin, ms. */
const RELIED_ON_MS = CLAIM_MS - 5_000;
const LOOK_MS = 100;
/** A tracker that says nothing at all is given up after so long by a process that waits for nothing else, ms. */
const SILENCE_MS = 150_000;

export interface ClaimedEnd {
  delivered: number;
  failures: readonly Failure[];
  /** The tracker did not answer well for longer than its patience, here at least. */
  gaveUp: boolean;
}

export interface ClaimedDelivery {
  place: DeliveryPlace;
  made: LeftTrackers;
  signal: AbortSignal;
  patienceMs: number;
  /** The process lives on as long as it waits for the tracker. */
  holdsProcess: boolean;
  /** Only what was set aside. */
  retry: boolean;
}

/** Claims the tracker runs of one run at one component, and brings them to their end. Nothing happens if another process has them. Never throws. */
export async function deliverClaimed(
  work: { runId: string; component: string; flavor: string },
  { place, made, signal, patienceMs, holdsProcess, retry }: ClaimedDelivery,
): Promise<ClaimedEnd> {
  const { store, worker } = place;
  const claim: TrackerRunClaim = { runId: work.runId, component: work.component, worker };
  let rows: StoredTrackerRun[] = [];
  try {
    const claimedAt = Date.now();
    rows = await store.claimTrackerRuns(claim, retry ? 'rejected' : 'due');
    if (rows.length === 0) return { delivered: 0, failures: [], gaveUp: false };
    const run = (await store.run(work.runId))!;
    const component = await made.of(work, run.stack);
    const setAside = retry ? await store.rejectedEvents({ runId: run.id, component: component.name }) : [];
    const plan = await planOf(place, {
      run,
      component,
      trackerRuns: rows,
      setAside,
      readArtifact: artifactReader(() => made.artifactStoreOf(run.stack)),
    });
    const end = await whileClaimed(place, claim, { claimedAt, signal, patienceMs, holdsProcess, component }, (stop) =>
      deliverStoredRun(plan, { store, log: place.log, stop, openTimeoutMs: 0 }),
    );
    if (end.lost.length > 0) await warnOfLost(store, run.id, end.lost);
    const { delivered, gaveUp, claimLost } = end;
    const reasons = [...end.failures.values(), ...(claimLost === undefined ? [] : [{ reason: claimLost }])];
    return { delivered, gaveUp, failures: end.left > 0 ? reasons : [] };
  } catch (error) {
    const failure = failureOf(error);
    for (const { key } of rows.slice(0, 1)) await store.updateTrackerRun({ id: key, lastError: failure.reason }).catch(() => undefined);
    return { delivered: 0, failures: [failure], gaveUp: false };
  } finally {
    if (rows.length > 0) await store.releaseClaim(claim).catch(() => undefined);
  }
}

interface Claimed {
  run: RunRecord;
  component: PacedComponent;
  trackerRuns: readonly StoredTrackerRun[];
  setAside: readonly RejectedEvent[];
  readArtifact: ReadArtifact;
}

async function planOf(
  { store, project, worker }: DeliveryPlace,
  { run, component, trackerRuns, setAside, readArtifact }: Claimed,
): Promise<StoredRunPlan> {
  const files = await segmentFiles(join(project.logsFolder, run.id));
  const names = new Set(files.map((path) => basename(path)));
  for (const segment of await store.segments(run.id)) {
    const path = names.has(basename(segment.path)) ? join(project.logsFolder, run.id, basename(segment.path)) : segment.path;
    const size = existsSync(path) ? statSync(path).size : undefined;
    if (size === undefined && segment.host !== worker.host)
      throw new Error(`its event log is on ${segment.host || 'another machine'}: ${segment.path}`);
    // Cut off behind what was applied: what was not delivered of it is gone.
    if ((size ?? 0) < segment.appliedOffset)
      await warnOfLost(
        store,
        run.id,
        new EventLogReader(path, { offset: segment.appliedOffset, events: segment.appliedLines }).read().lost,
      );
    if (size !== undefined && !names.has(basename(path))) files.push(path);
  }
  const parent = run.trackerRuns.find((each) => each.component === component.name);
  const ofStack = run.stack.components.filter(({ type }) => type === 'experiment-tracker').map(({ name }) => name);
  const only = Map.groupBy(setAside, ({ trackerRunKey }) => trackerRunKey);
  return {
    run: { ...run, readArtifact, ...(run.spec.settings && { settings: run.spec.settings }) },
    component,
    trackerNames: [...new Set([...ofStack, ...run.trackerRuns.map((each) => each.component)])],
    isAdded: !ofStack.includes(component.name),
    trackerRuns,
    parentRef: parent?.ref,
    files,
    ...(setAside.length > 0 && {
      only: new Map(Array.from(only, ([key, events]) => [key, new Set(events.map(({ writer, seq }) => `${writer} ${seq}`))])),
    }),
  };
}

interface Patience {
  /** ms since the epoch, as claims are counted. */
  claimedAt: number;
  signal: AbortSignal;
  patienceMs: number;
  holdsProcess: boolean;
  component: PacedComponent;
}

/** Keeps the claim while the work goes on, and stops it when the claim is lost or could not be renewed, the caller asks for it, or the tracker only fails. */
async function whileClaimed(
  { store }: DeliveryPlace,
  claim: TrackerRunClaim,
  { claimedAt, signal, patienceMs, holdsProcess, component: { tracker } }: Patience,
  work: (stop: AbortSignal) => Promise<StoredRunEnd>,
): Promise<StoredRunEnd & { gaveUp: boolean; claimLost?: string }> {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const give = (): void => stop.abort();
  signal.addEventListener('abort', give, { once: true });
  if (signal.aborted) give();
  let gaveUp = false;
  let claimLost: string | undefined;
  let heldFrom = claimedAt;
  let notRenewed = '';
  const lose = (why: string): void => {
    claimLost ??= why;
    stop.abort();
  };
  const renewing = setInterval(() => {
    const asked = Date.now();
    store.renewClaim(claim).then(
      (ours) => (ours ? (heldFrom = asked) : lose('another process has taken it over')),
      (error: unknown) => (notRenewed = `: ${failureOf(error).reason}`),
    );
  }, RENEW_MS).unref();
  const checkClaim = (): void => {
    if (Date.now() - heldFrom > RELIED_ON_MS) lose(`the store could not be told that it goes on${notRenewed}`);
  };
  tracker.beforeCall = checkClaim;
  tracker.forgive();
  const looking = setInterval(() => {
    gaveUp = tracker.failingFor > patienceMs || (holdsProcess && tracker.silentFor > SILENCE_MS);
    checkClaim();
    if (gaveUp) stop.abort();
  }, LOOK_MS);
  if (!holdsProcess) looking.unref();
  try {
    return { ...(await work(stop.signal)), gaveUp, ...(claimLost !== undefined && { claimLost }) };
  } finally {
    tracker.beforeCall = undefined;
    clearInterval(renewing);
    clearInterval(looking);
    signal.removeEventListener('abort', give);
  }
}
