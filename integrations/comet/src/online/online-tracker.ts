import {
  Permanent,
  type ExperimentTracker,
  type TrackerCapabilities,
  type TrackerRun,
  type TrackerRunIdentity,
  type TrackerRunRef,
  type TrackerRunStart,
} from '@mortise/core';
import { Heartbeat } from '@mortise/http-client';

import type { CometClient } from '../client/comet-client.ts';
import { ONLINE_CAPABILITIES } from '../comet-capabilities.ts';
import type { ToldNames } from '../comet-environment.ts';
import type { CometRun } from '../comet-run.ts';
import { flatParams } from '../run/flat-params.ts';
import { END, markedEnd } from '../run/run-end.ts';
import { OWN_PREFIX } from '../run/names.ts';
import { childNames, experimentName, labels, namedStart, placeOf, startOthers, type CometPlace } from '../run/run-names.ts';
import { atComet } from '../tracker-failure.ts';
import { atOnce } from './at-once.ts';
import { OnlineRun } from './online-run.ts';
import { Progress } from './progress.ts';

/** As often as Comet's own client says that an experiment goes on, ms. */
const BEAT_EVERY_MS = 10_000;

export interface OnlineTrackerOptions {
  client: CometClient;
  /** Also for programs that a step starts. */
  apiKey: string;
  place: Partial<CometPlace>;
  names: ToldNames;
  /** Whether it keeps what runs print. */
  output: boolean;
}

/** Each tracker run is an experiment at a Comet server. */
export class OnlineTracker implements ExperimentTracker<CometRun> {
  readonly capabilities: TrackerCapabilities;
  readonly #options: OnlineTrackerOptions;
  readonly #heartbeats = new Set<Heartbeat>();
  /** Of experiments by key. */
  readonly #names = new Map<string, string>();

  constructor(options: OnlineTrackerOptions) {
    this.#options = options;
    this.capabilities = { ...ONLINE_CAPABILITIES, output: options.output };
  }

  async open(
    id: TrackerRunIdentity,
    given: TrackerRunStart,
    known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<TrackerRun<CometRun>> {
    signal.throwIfAborted();
    const { client, place: configured, names } = this.#options;
    const start = namedStart(id, given, names);
    const { key } = id;
    this.#names.set(key, experimentName(start));
    const place = placeOf(start, configured);
    const progress = new Progress(known?.state, start.again);
    // To open it would make another one, without what was confirmed.
    if (progress.begun && !(await atComet(() => client.hasExperiment(key, signal))))
      throw new Permanent(
        `Comet at ${client.root} has no experiment ${key} any more: restore it there, or give it up with "mortise tracker drop"`,
      );
    const { url } = await atComet(() => client.openExperiment({ key, ...place }, signal));
    await atComet(() => this.#begin(id, start, progress, signal), 'a run');
    const native: CometRun = { experimentKey: key, workspace: place.workspace, projectName: place.projectName, url, client };
    const ids = {
      comet_experiment_key: key,
      ...(place.workspace !== undefined && { comet_workspace: place.workspace }),
      comet_project_name: place.projectName,
    };
    const { readArtifact, again = false } = start;
    return new OnlineRun({ client, native, ids, progress, readArtifact, again, ending: this.#beating(key) });
  }

  /** Asks whether the server is there, is a Comet, and knows the key. */
  async check(signal: AbortSignal): Promise<void> {
    await atComet(() => this.#options.client.workspaces(signal));
  }

  /** As `comet_ml.start()` and `ExistingExperiment()` read it. */
  childEnv({ ids }: TrackerRunRef): Record<string, string> {
    const { comet_experiment_key: key, comet_workspace: workspace, comet_project_name: project } = ids;
    const { client, apiKey, names } = this.#options;
    return {
      ...childNames(names, key === undefined ? undefined : this.#names.get(key)),
      COMET_API_KEY: apiKey,
      COMET_URL_OVERRIDE: `${client.root}/clientlib/`,
      COMET_START_ONLINE: 'true',
      COMET_START_MODE: 'get',
      ...(key !== undefined && { COMET_EXPERIMENT_KEY: key }),
      ...(workspace !== undefined && { COMET_WORKSPACE: workspace }),
      ...(project !== undefined && { COMET_PROJECT_NAME: project }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const heartbeat of this.#heartbeats) heartbeat.end();
    this.#heartbeats.clear();
  }

  /** Says that the experiment goes on, until the function that it gives is called. */
  #beating(key: string): (signal: AbortSignal) => Promise<void> {
    const heartbeat = new Heartbeat((signal) => this.#options.client.beat(key, signal), BEAT_EVERY_MS);
    this.#heartbeats.add(heartbeat);
    return async (signal) => {
      await heartbeat.stop(signal);
      this.#heartbeats.delete(heartbeat);
    };
  }

  async #begin(id: TrackerRunIdentity, start: TrackerRunStart, progress: Progress, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    if (!progress.begun) {
      const others = Object.entries(startOthers(id, start));
      await atOnce(others, ([name, value]) => client.logOther(id.key, name, value, signal));
      await client.addTags(id.key, labels(start), signal);
      await client.setTimes(id.key, { start: start.startedAt }, signal);
      await this.#tellParams(id, start, signal);
      progress.begun = true;
    }
    if (start.resumed === true) await this.#reopen(id, signal);
  }

  /** What its pipeline was called with. */
  async #tellParams({ key }: TrackerRunIdentity, { params = {}, startedAt }: TrackerRunStart, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const flat = flatParams(params);
    if (flat.nested) await client.logOther(key, 'hasNestedParams', true, signal);
    const told = flat.params.map(([name, value]) => ({ name, value, timestamp: startedAt }));
    if (told.length > 0) await client.logParams(key, told, signal);
  }

  /** Its pipeline run goes on after an end. */
  async #reopen({ key }: TrackerRunIdentity, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    if (markedEnd(await client.others(key, signal)) === undefined) return;
    for (const name of [`${OWN_PREFIX}error`, `${OWN_PREFIX}error.stack`, END]) await client.logOther(key, name, '', signal);
    await client.updateStatus(key, { isAlive: true, hasCrashed: false, error: null }, signal);
  }
}
