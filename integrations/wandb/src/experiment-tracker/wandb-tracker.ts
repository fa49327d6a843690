import { types } from 'node:util';

import {
  Permanent,
  type ComponentContext,
  type ExperimentTracker,
  type Logger,
  type TrackerCapabilities,
  type TrackerRun,
  type TrackerRunIdentity,
  type TrackerRunRef,
  type TrackerRunStart,
} from '@mortise/core';
import {
  OfflineRun,
  type OfflineRunOptions,
  type OnlineRun,
  type RunPlace,
  type RunStart,
  type Viewer,
  type WandbClient,
} from '@mortise/wandb-client';

import { markIn, storedState } from './delivered.ts';
import { disabledRecords } from './disabled-writer.ts';
import { waitForItsEnd } from './other-writers.ts';
import { knownLog, makeOfflineFolder, offlineDir } from './offline-folder.ts';
import { offlineRecords, onlineRecords, type RunRecords } from './run-records.ts';
import { runStart } from './run-start.ts';
import { runningStory, STORY, storyOf, type RunStory } from './run-story.ts';
import { atWandb } from './tracker-failure.ts';
import { wandbAccess, type WandbAccess } from './wandb-access.ts';
import { wandbCapabilities } from './wandb-capabilities.ts';
import type { WandbTrackerConfig } from './wandb-tracker-config.ts';
import { WandbTrackerRun, type WandbRun } from './wandb-tracker-run.ts';
import type { WandbTrackerSettings } from './wandb-tracker-settings.ts';

export async function create({ config, log, ...context }: ComponentContext<WandbTrackerConfig>): Promise<WandbTracker> {
  return new WandbTracker(wandbAccess(config, context), log);
}

/** A run's records, and what it told of itself. */
interface Found {
  records: RunRecords;
  story: RunStory;
}

/** Each tracker run is a run of Weights & Biases, at its server or in a file. */
export class WandbTracker implements ExperimentTracker<WandbRun> {
  readonly capabilities: TrackerCapabilities;
  readonly #access: WandbAccess;
  readonly #log: Logger;
  readonly #said = new Set<string>();
  /** Ids of runs of which programs were told: those may write to them too. */
  readonly #shared = new Set<string>();
  /** Runs that this process holds. */
  readonly #held = new Set<RunRecords>();
  /** Tags of runs by id. */
  readonly #tags = new Map<string, () => string[]>();
  #viewer: Promise<Viewer> | undefined;

  constructor(access: WandbAccess, log: Logger) {
    this.#access = access;
    this.#log = log;
    this.capabilities = wandbCapabilities(access.mode, access.env);
  }

  async open(
    id: TrackerRunIdentity,
    start: TrackerRunStart,
    known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<TrackerRun<WandbRun>> {
    signal.throwIfAborted();
    const begun = runStart(id, start, this.#access);
    const { records, story } = await this.#find(begun, start, known, signal);
    this.#held.add(records);
    const run = new WandbTrackerRun({
      ...{ records, story, plainTags: this.#access.env.tags ?? [], startedAt: start.startedAt },
      ...{ known: storedState(known), readArtifact: start.readArtifact, again: start.again === true },
      warn: (message) => this.#warn(`${start.name}: ${message}`),
      ended: () => {
        this.#held.delete(records);
        this.#tags.delete(records.id);
      },
    });
    this.#tags.set(records.id, () => run.tags);
    return run;
  }

  /** Asks whether the server is there and knows the key, or whether there is a folder for offline runs. */
  async check(signal: AbortSignal): Promise<void> {
    const { mode, client, dir } = this.#access;
    if (client !== undefined) await atWandb(() => client.viewer(signal));
    else if (mode === 'offline') makeOfflineFolder(dir);
  }

  childEnv(ref: TrackerRunRef): Record<string, string> {
    const { ids } = ref;
    const log = knownLog(ref);
    const { wandb_run_id: run, wandb_entity: entity, wandb_project: project, wandb_group: group } = ids;
    if (run !== undefined) this.#shared.add(run);
    return {
      ...this.#access.childEnv,
      ...(log !== undefined && { WANDB_DIR: offlineDir(this.#access.dir, log) }),
      ...(run !== undefined && { WANDB_RUN_ID: run, WANDB_RESUME: 'allow' }),
      ...(entity !== undefined && { WANDB_ENTITY: entity }),
      ...(project !== undefined && { WANDB_PROJECT: project }),
      ...(group !== undefined && { WANDB_RUN_GROUP: group }),
      ...this.#namesOf(run),
    };
  }

  /** Of what the environment says of all runs the program would make that of this one, in place of what it has. */
  #namesOf(run: string | undefined): Record<string, string> {
    const { name, notes, jobType, tags } = this.#access.env;
    // They have commas between them, and the vendor's client takes no empty list.
    const own = (run === undefined ? undefined : this.#tags.get(run)?.())?.filter((tag) => !tag.includes(',')) ?? [];
    return {
      ...(name !== undefined && { WANDB_NAME: '' }),
      ...(notes !== undefined && { WANDB_NOTES: '' }),
      ...(jobType !== undefined && { WANDB_JOB_TYPE: '' }),
      ...(tags !== undefined && own.length > 0 && { WANDB_TAGS: own.join(',') }),
    };
  }

  #find(begun: RunStart, start: TrackerRunStart, known: TrackerRunRef | undefined, signal: AbortSignal): Promise<Found> {
    const { mode, client } = this.#access;
    if (client !== undefined) return atWandb(() => this.#findOnline(client, begun, start, known, signal));
    return mode === 'offline'
      ? this.#findOffline(begun, start, known)
      : Promise.resolve({ records: disabledRecords(begun.id), story: newStoryOf(begun) });
  }

  async #findOffline(begun: RunStart, start: TrackerRunStart, known: TrackerRunRef | undefined): Promise<Found> {
    const log = knownLog(known);
    const dir = offlineDir(this.#access.dir, log);
    makeOfflineFolder(dir);
    const own = newStoryOf(begun);
    const settings = start.settings as Partial<WandbTrackerSettings>;
    const run = await openOffline({ ...begun, dir }, storedState(known)?.size, settings.runId === undefined ? undefined : own.key);
    if (run.isNew && log !== undefined)
      this.#warn(`${start.name}: the offline run of ${log} is gone: what was delivered to it is not in ${run.path}, which is begun anew`);
    const before = storyOf(run.values.config) ?? own;
    const isOurs = before.key === own.key;
    if (!isOurs) {
      if (known === undefined) refuseUnlessAllowed(true, begun.id, settings);
      await takeOver(run, begun);
    } else if (begun.resumed === true && before.ended_at !== undefined) run.config({ [STORY]: runningStory(before) });
    const ours = isOurs ? before : own;
    const mark = isOurs ? markIn(run.values.summary, own.key) : undefined;
    return {
      records: offlineRecords(run, begun, { ids: idsOf(begun), key: own.key, mark }),
      story: begun.resumed === true ? runningStory(ours) : ours,
    };
  }

  async #findOnline(
    client: WandbClient,
    begun: RunStart,
    start: TrackerRunStart,
    known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<Found> {
    const place = await this.#placeOf(client, begun, known, signal);
    const status = await client.status(place, signal);
    if (known !== undefined && status === undefined)
      throw new Permanent(
        `the W&B run ${place.id} is not at ${client.runUrl(place)} any more: restore it there, or give it up with "mortise tracker drop"`,
      );
    const ours = status?.begun === true ? storyOf(status.config) : undefined;
    const isOurs = ours?.key === newStoryOf(begun).key;
    if (!isOurs && known === undefined)
      refuseUnlessAllowed(status !== undefined, begun.id, start.settings as Partial<WandbTrackerSettings>);
    if (status?.begun === true) waitForItsEnd(status.config, place.id, newStoryOf(begun).key);
    const run = isOurs
      ? client.attach(place, status!)
      : await client.begin({ ...begun, ...place }, status?.begun === true ? status : undefined, signal);
    const story = isOurs ? await this.#goOn(run, ours, begun, signal) : newStoryOf(begun);
    const mark = isOurs ? markIn(status!.summary, story.key) : undefined;
    if (story.ended_at === undefined) run.keepAlive();
    const isTold = (): boolean => this.#shared.has(run.place.id);
    const settings = start.settings as Partial<WandbTrackerSettings>;
    const others = {
      mayBe: storedState(known)?.shared === true || settings.runId !== undefined,
      get isTold() {
        return isTold();
      },
    };
    return { records: onlineRecords(client, run, { ids: idsOf(begun), key: story.key, mark }, others), story };
  }

  /** Of a run that is there: its pipeline run may go on after an end. */
  async #goOn(run: OnlineRun, story: RunStory, begun: RunStart, signal: AbortSignal): Promise<RunStory> {
    if (begun.resumed !== true || story.ended_at === undefined) return story;
    run.config({ [STORY]: runningStory(story) });
    await run.flush(signal);
    return runningStory(story);
  }

  async #placeOf(
    client: WandbClient,
    { id, entity, project }: RunStart,
    known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<RunPlace> {
    const { wandb_run_id: run, wandb_entity: owner, wandb_project: where } = known?.ids ?? {};
    if (run !== undefined && owner !== undefined && where !== undefined) return { id: run, entity: owner, project: where };
    return { id, entity: entity ?? (await this.#whoAsks(client, signal)).entity, project: project ?? 'uncategorized' };
  }

  async #whoAsks(client: WandbClient, signal: AbortSignal): Promise<Viewer> {
    if (this.#viewer !== undefined) return this.#viewer;
    const asked = client.viewer(signal);
    const viewer = await asked;
    this.#viewer = asked;
    return viewer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#held, (records) => records.rest()));
    this.#held.clear();
  }

  #warn(message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#log.warn(message);
  }
}

/**
 * What was written behind `size` is written anew by who wrote it, unless that was another run of this id.
 * @param key of the one that asks, where others may have the id
 * @throws Permanent when there is such a file, and it is damaged
 */
async function openOffline(options: OfflineRunOptions, size: number | undefined, key: string | undefined): Promise<OfflineRun> {
  try {
    if (size !== undefined && key !== undefined) {
      const whole = await OfflineRun.open({ ...options, size, keepsRest: true });
      if (storyOf(whole.values.config)?.key !== key) return whole;
      await whole.close();
    }
    return await OfflineRun.open({ ...options, ...(size !== undefined && { size }) });
  } catch (error) {
    if (!types.isNativeError(error) || error.name !== 'TransactionLogDamaged') throw error;
    throw new Permanent(`${error.message}: move its folder away, and the run is written anew`, { cause: error });
  }
}

/** Another run of this id wrote to it before. */
async function takeOver(run: OfflineRun, begun: RunStart): Promise<void> {
  waitForItsEnd(run.values.config, begun.id, newStoryOf(begun).key);
  const { displayName, group, jobType, notes, tags } = begun;
  run.describe({
    ...(displayName !== undefined && { displayName }),
    ...(group !== undefined && { group }),
    ...(jobType !== undefined && { jobType }),
    ...(notes !== undefined && { notes }),
    ...(tags !== undefined && { tags }),
  });
  run.config(begun.config);
  await run.flush();
}

function newStoryOf({ config }: RunStart): RunStory {
  return config[STORY] as RunStory;
}

function idsOf({ displayName, group, jobType }: RunStart): Record<string, string> {
  return {
    ...(displayName !== undefined && { wandb_run_name: displayName }),
    ...(group !== undefined && { wandb_group: group }),
    ...(jobType !== undefined && { wandb_job_type: jobType }),
  };
}

/** A run that somebody else made is not written to unasked. */
function refuseUnlessAllowed(isThere: boolean, id: string, { runId, resume = 'allow' }: Partial<WandbTrackerSettings>): void {
  if (runId === undefined) return;
  if (!isThere && resume === 'must')
    throw new Permanent(`there is no W&B run "${id}", and resume is "must": "mortise tracker drop" gives it up`);
  if (isThere && resume === 'never')
    throw new Permanent(`there is a W&B run "${id}", and resume is "never": "mortise tracker drop" gives it up`);
}
