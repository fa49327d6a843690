import { join } from 'node:path';

import { LogCollected, RunUnderWay, UnknownComponent } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { hasEnded } from '../pipeline/pipeline-spec.ts';
import { mergedSettings } from '../stack/merged-settings.ts';
import type { ComponentRecord } from '../store/stack-data.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { RunRecord } from '../store/run-data.ts';
import type { StepRunRecord } from '../store/step-data.ts';
import type { TrackedSummary } from '../store/tracking-data.ts';
import { indexLog } from '../tracking/log-index.ts';
import { segmentFiles } from '../tracking/segment-files.ts';
import { findRun } from './read-pipeline-run.ts';
import { deliverWaiting, type DeliveryReport, type Place } from './tracker-work.ts';

export interface RunDeliveryOptions {
  /** Names or ids of runs that have ended, or `latest`. */
  runs: readonly string[];
  /** A registered experiment tracker, be it part of their stack or not. */
  to: string;
  /** Ends it; what is left is for later. */
  signal?: AbortSignal;
  /** How long a tracker that only fails is tried again, ms. Default 15,000. */
  patienceMs?: number;
}

export interface RunsDelivered extends DeliveryReport {
  /** Of these runs, how many tracker runs were made for it now. 0: it had them before, and `delivered` is what was still to come. */
  added: number;
  /** Names of these runs of which events that it had refused were given up (`tracker drop`): they are not sent again. */
  givenUp: string[];
}

const type = 'experiment-tracker';

/**
 * Brings runs to another tracker: a tracker run for each attempt of their steps, below one for the run, as if the tracker had been part of their stack.
 * Each point arrives once, however often this is called.
 * @throws UnknownComponent, UnknownRun, RunUnderWay, LogCollected
 */
export async function deliverRuns(place: Place, { runs, to, ...options }: RunDeliveryOptions): Promise<RunsDelivered> {
  const { store, project } = place;
  const component = await requireTracker(store, to);
  const found = await Promise.all(runs.map((run) => findRun(store, run)));
  const unique = [...new Map(found.map((run) => [run.id, run])).values()];
  for (const run of unique) await requireEnded(store, run);
  const steps = new Map<string, StepRunRecord[]>();
  for (const run of unique) {
    const attempts = (await store.stepRuns(run.id)).filter(({ status }) => status !== 'cached' && status !== 'skipped');
    const wanted = attempts.filter((attempt) => !has(attempt, to));
    if (wanted.length > 0) await requireLog(join(project.logsFolder, run.id), run, wanted);
    steps.set(run.id, attempts);
  }
  const givenUp = unique.flatMap(({ id, name }) => (steps.get(id)!.some((attempt) => lacksRefused(attempt, to)) ? [name] : []));
  let added = 0;
  for (const run of unique)
    added += await store.addTrackerRuns({ runId: run.id, component: to, flavor: component.flavor, settings: settingsOf(run, component) });
  const runIds = new Set(steps.keys());
  const [report] = await deliverWaiting(place, { component: to }, options, { runIds });
  return { ...(report ?? { component: to, delivered: 0, left: 0, reason: null, advice: null, refused: [] }), added, givenUp };
}

async function requireTracker(store: MetadataStore, name: string): Promise<ComponentRecord> {
  const component = await store.component(type, name);
  if (component !== undefined) return component;
  const { items } = await store.components({ type, limit: 1000 });
  throw new UnknownComponent({ type, name, known: items.map((item) => item.name) });
}

async function requireEnded(store: MetadataStore, { id, name, status }: RunRecord): Promise<void> {
  if (hasEnded(status)) return;
  const { pid = 0, host = '' } = (await store.runsUnderWay()).find((run) => run.id === id)?.owner ?? {};
  throw new RunUnderWay({ run: name, pid, host, doing: 'delivered' });
}

/** What was dropped before it arrived is wanted again, and its log may have been collected since. */
function has({ trackerRuns }: StepRunRecord, to: string): boolean {
  return trackerRuns.some(({ component, status, dropped }) => component === to && (dropped === undefined || hasEnded(status)));
}

function lacksRefused({ trackerRuns }: StepRunRecord, to: string): boolean {
  return trackerRuns.some(({ component, status, dropped }) => component === to && dropped === true && hasEnded(status));
}

/** What was logged is sent from the log: where the store knows more than the log holds, that is gone. */
async function requireLog(folder: string, { name }: RunRecord, attempts: readonly StepRunRecord[]): Promise<void> {
  const index = await indexLog(await segmentFiles(folder), () => true);
  const gone = attempts.find(({ id, tracked }) => !index.has(id) && hasLogged(tracked));
  if (gone !== undefined) throw new LogCollected({ run: name, step: gone.stepId });
}

function hasLogged({ params, metrics, tags, note, artifacts, documents }: TrackedSummary): boolean {
  return note !== undefined || [params, metrics, tags, artifacts, documents].some((logged) => Object.keys(logged).length > 0);
}

/** What the plan sets for a tracker of this name or flavor, or for any. */
function settingsOf({ spec }: RunRecord, { name, flavor }: ComponentRecord): Record<string, JsonObject> {
  return Object.fromEntries(
    spec.steps.flatMap(({ id, options }) => {
      const settings = mergedSettings({ type, name, flavor }, options.settings ?? []);
      return Object.keys(settings ?? {}).length === 0 ? [] : [[id, settings as JsonObject]];
    }),
  );
}
