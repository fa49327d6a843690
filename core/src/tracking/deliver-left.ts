import type { DeliveryQuery, DueTrackerRuns } from '../store/delivery-store.ts';
import { applyLeftLogs } from './apply-left-logs.ts';
import { deliverClaimed } from './deliver-claimed.ts';
import type { DeliveryPlace } from './delivery-place.ts';
import { joinedReasons, type Failure } from './failure.ts';
import { LeftTrackers } from './left-trackers.ts';
import type { TrackerComponent } from './run-tracking.ts';

export interface DeliverLeftOptions extends DeliveryQuery {
  /** Ends it: what is left is for later. */
  signal?: AbortSignal;
  /** How long a tracker that only fails is tried again, ms. Default: until the signal. */
  patienceMs?: number;
  /** Those that are there already. */
  trackers?: readonly TrackerComponent[];
  /** What was set aside, and what waits in the same runs. */
  retry?: boolean;
  /** Only these runs. Default: all. */
  runIds?: ReadonlySet<string>;
}

export interface LeftDelivered {
  component: string;
  /** Tracker runs that were brought to their end. */
  delivered: number;
  /** Why the rest was not, as far as it was tried. */
  failure?: string;
  /** What to do about that, where it is known for all of it. */
  advice?: string;
}

/** What is to be done at one component, run by run, the oldest first. */
type Work = Pick<DueTrackerRuns, 'runId' | 'component' | 'flavor'>;

/**
 * Delivers what other processes left behind: applies their event logs to the store, and brings their tracker runs to their end, component by component at
 * the same time and run by run. Throws nothing for a tracker's sake.
 */
export async function deliverLeft(place: DeliveryPlace, options: DeliverLeftOptions = {}): Promise<LeftDelivered[]> {
  const signal = options.signal ?? new AbortController().signal;
  await applyOpenLogs(place, signal);
  const found = await (options.retry === true ? setAsideWork(place, options) : dueWork(place, options));
  const work = options.runIds === undefined ? found : found.filter(({ runId }) => options.runIds!.has(runId));
  const made = new LeftTrackers(place, options.trackers ?? []);
  try {
    const byComponent = Map.groupBy(work, ({ component }) => component);
    return await Promise.all(Array.from(byComponent, ([component, runs]) => drain(component, runs, { place, options, signal, made })));
  } finally {
    await made.dispose();
  }
}

async function applyOpenLogs({ store, project, worker, log }: DeliveryPlace, signal: AbortSignal): Promise<void> {
  for (const runId of await store.runsWithOpenLogs()) {
    if (signal.aborted) return;
    try {
      await applyLeftLogs({ store, logFolder: project.logsFolder, worker }, runId, signal);
    } catch (error) {
      log.debug('an event log could not be applied', { runId, error });
    }
  }
}

async function dueWork({ store, isDead }: DeliveryPlace, options: DeliverLeftOptions): Promise<Work[]> {
  const due = (await store.dueTrackerRuns(queryOf(options))).filter(({ free }) => free);
  const claimers = new Map(due.flatMap(({ claimedBy }) => (claimedBy === undefined ? [] : [[claimedBy.id, claimedBy]])));
  for (const claimer of claimers.values()) if (await isDead(claimer)) await store.releaseClaimsOf(claimer.id);
  return due;
}

async function setAsideWork({ store }: DeliveryPlace, options: DeliverLeftOptions): Promise<Work[]> {
  const events = await store.rejectedEvents(queryOf(options));
  return [...new Map(events.map((event) => [`${event.runId} ${event.component}`, event])).values()];
}

function queryOf({ component, runId }: DeliverLeftOptions): DeliveryQuery {
  return { ...(component !== undefined && { component }), ...(runId !== undefined && { runId }) };
}

/** How long a run at which the tracker only fails keeps others waiting whose turn is still to come, ms, if there is no end to patience. */
const TURN_MS = 20_000;
/** After one that was given up: the tracker may well take others, ms. */
const SHORT_MS = 1_000;
/** So many in a row that were given up: not the runs are to blame, but the tracker. */
const MOST_GIVEN_UP = 3;

interface Drain {
  place: DeliveryPlace;
  options: DeliverLeftOptions;
  signal: AbortSignal;
  made: LeftTrackers;
}

async function drain(component: string, runs: readonly Work[], { place, options, signal, made }: Drain): Promise<LeftDelivered> {
  const { patienceMs = Infinity, retry = false } = options;
  let delivered = 0;
  const failures = new Map<string, Failure>();
  // What waits goes first: a tracker run is ended by the last that is sent to it.
  const turns = runs.flatMap((run) => (retry ? [false, true] : [false]).map((setAside) => ({ run, setAside })));
  const isPatient = patienceMs === Infinity;
  let [givenUp, inARow] = [0, 0];
  // Those that are put off come to it again.
  for (let turn = turns.shift(); turn !== undefined && !signal.aborted && inARow < MOST_GIVEN_UP; turn = turns.shift()) {
    const limitMs = isPatient ? (turns.length > 0 ? TURN_MS : Infinity) : givenUp > 0 ? Math.min(SHORT_MS, patienceMs) : patienceMs;
    const end = await deliverClaimed(turn.run, {
      place,
      made,
      signal,
      patienceMs: limitMs,
      holdsProcess: !isPatient,
      retry: turn.setAside,
    });
    delivered += end.delivered;
    for (const failure of end.failures) failures.set(failure.reason, failure);
    if (end.gaveUp && isPatient) turns.push(turn);
    else if (end.gaveUp) [givenUp, inARow] = [givenUp + 1, inARow + 1];
    else inARow = 0;
  }
  const failure = joinedReasons(failures.keys());
  const advice = commonAdvice([...failures.values()]);
  return { component, delivered, ...(failure !== undefined && { failure }), ...(advice !== undefined && { advice }) };
}

/** Undefined if some of it may pass by itself. */
function commonAdvice(failures: readonly Failure[]): string | undefined {
  const advice = failures.map((failure) => failure.advice);
  return advice.includes(undefined) || advice.length === 0 ? undefined : [...new Set(advice)].slice(0, 3).join(' ');
}
