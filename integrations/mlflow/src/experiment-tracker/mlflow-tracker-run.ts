import {
  isError,
  Permanent,
  type Json,
  type Outcome,
  type Receipt,
  type TrackerEvent,
  type TrackerRun,
  type TrackerRunRef,
} from '@mortise/core';
import { isMlflowError, type MlflowClient, type Run } from '@mortise/mlflow-client';

import { removeTwins } from './find-run.ts';
import { gatherEvents, type Gathered } from './gather-events.ts';
import { addToKnown, knownOf, type KnownOfRun } from './known-of-run.ts';
import { shownName } from './mlflow-names.ts';
import { loggedDatasets } from './logged-datasets.ts';
import type { OpenedRun } from './opened-run.ts';
import { presentRun } from './present-run.ts';
import { refusedNames } from './refused-names.ts';
import { refusedParts } from './refused-parts.ts';
import { LACKS_MODELS, RunFiles } from './run-files.ts';
import { RunModels } from './run-models.ts';
import { endTags, KEY_TAG, markedEnd, OWN_PREFIX, runEnd, type RunEnd } from './run-tags.ts';
import { LONGEST_OLD_TAG, tagText } from './tag-text.ts';
import { atMlflow, isRefusal, trackerFailure } from './tracker-failure.ts';

/** What `activeRun(mlflow).native()` gives: MLflow's API, and which run it is. */
export interface MlflowRun {
  client: MlflowClient;
  runId: string;
  experimentId: string;
  artifactUri: string;
}

export class MlflowTrackerRun implements TrackerRun<MlflowRun> {
  readonly native: MlflowRun;
  readonly #opened: OpenedRun;
  readonly #models: RunModels;
  readonly #known: KnownOfRun;
  readonly #refusedNames = new Map<string, string>();
  readonly #files: RunFiles;

  constructor(opened: OpenedRun) {
    const { client, run, key, known } = opened;
    const { runId, experimentId, artifactUri } = run;
    this.native = { client, runId, experimentId, artifactUri };
    this.#opened = opened;
    this.#models = new RunModels(client, run, { key, state: known?.state });
    this.#known = knownOf(run);
    this.#files = new RunFiles(opened, this.#models);
  }

  get ref(): TrackerRunRef {
    const { client, runId, experimentId } = this.native;
    const { state } = this.#models;
    return {
      id: runId,
      url: `${client.trackingUri}/#/experiments/${experimentId}/runs/${runId}`,
      ids: { mlflow_run_id: runId, mlflow_experiment_id: experimentId },
      ...(state !== undefined && { state }),
    };
  }

  /** Has it show what its pipeline was called with, unless it does. What MLflow does not take of that is told, and keeps nothing else from arriving. */
  async setParams(values: Record<string, Json>, signal: AbortSignal): Promise<void> {
    const tell = (why: string): void => this.#opened.warn(`MLflow does not show all that the pipeline was called with: ${why}`);
    try {
      const { refused } = await this.#send([{ kind: 'params', values, writer: '', seq: 1, at: 0 }], signal);
      for (const { why } of refused) tell(why);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      tell(error.message);
    }
  }

  async deliver(events: readonly TrackerEvent[], signal: AbortSignal): Promise<Receipt> {
    signal.throwIfAborted();
    const gathered = await atMlflow(() => this.#send(events, signal));
    // The artifact proxy knows no runs: a receipt would say of one that was deleted that it takes what comes.
    if (!asksTheRun(gathered)) await atMlflow(() => this.#read(signal));
    const { files, refused } = gathered;
    for (const { event, index } of files) {
      try {
        const why = await this.#files.upload(event, signal);
        if (why !== undefined) refused.push({ writer: event.writer, seq: event.seq, why });
      } catch (error) {
        // What came before it is safe, and need not come again.
        if (index === 0 || isError(error, Permanent) || signal.aborted) throw error;
        return this.#receipt(events.slice(0, index), refused);
      }
    }
    return this.#receipt(events, refused);
  }

  #receipt(events: readonly TrackerEvent[], rejected: Gathered['refused']): Receipt {
    const through: Record<string, number> = {};
    for (const { writer, seq } of events) through[writer] = seq;
    return { through, ref: this.ref, ...(rejected.length > 0 && { rejected }) };
  }

  /** Sends all but files. */
  async #send(events: readonly TrackerEvent[], signal: AbortSignal): Promise<Gathered> {
    try {
      return await this.#put(this.#gather(events), signal);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // Somebody else may have logged a param of this name, or a name be none for this server.
      const { client, runId } = this.native;
      Object.assign(this.#known, knownOf(await this.#read(signal)));
      for (const [name, why] of await refusedNames(client, runId, this.#gather(events), signal)) this.#refusedNames.set(name, why);
    }
    const gathered = this.#gather(events);
    try {
      return await this.#put(gathered, signal);
    } catch (error) {
      // Of several, core sends fewer and fewer, until it is known which is to blame.
      if (events.length > 1 || !isRefusal(error)) throw error;
      return this.#putParts(gathered, events[0]!, signal);
    }
  }

  /** Sends what one event says part by part, as it was refused as a whole. Fails as it did where that is not for its sake. */
  async #putParts(gathered: Gathered, { writer, seq }: TrackerEvent, signal: AbortSignal): Promise<Gathered> {
    const { client, runId } = this.native;
    const whys = await refusedParts(client, runId, gathered, signal);
    // Else not what was logged is to blame: the run takes nothing at all.
    const run = await this.#read(signal);
    await client.setTag(runId, KEY_TAG, this.#opened.key, signal);
    Object.assign(this.#known, knownOf(run));
    const removed = new Map(Array.from(gathered.tags).filter(([, value]) => value === null));
    const rest = await this.#put({ ...gathered, metrics: [], params: [], tags: removed }, signal);
    const refused = whys.length === 0 ? rest.refused : [...rest.refused, { writer, seq, why: whys.join('; ') }];
    return { ...gathered, refused };
  }

  #gather(events: readonly TrackerEvent[]): Gathered {
    const noUploads = this.#files.noUploads;
    if (noUploads !== undefined && events.some(({ kind }) => kind === 'artifact'))
      this.#opened.warn(`MLflow is given references to artifacts in place of their bytes: ${noUploads}`);
    return gatherEvents(events, { known: this.#known, noUploads, refusedNames: this.#refusedNames });
  }

  async #put(gathered: Gathered, signal: AbortSignal): Promise<Gathered> {
    const { client, runId } = this.native;
    const { metrics, params } = gathered;
    const tags = Array.from(gathered.tags, ([key, value]) => ({ key, value }));
    const set = tags.filter((tag): tag is { key: string; value: string } => tag.value !== null);
    if (metrics.length + params.length + set.length > 0) await client.logBatch(runId, { metrics, params, tags: set }, signal);
    for (const { key, value } of tags) if (value === null) await client.deleteTag(runId, key, signal);
    const { datasets, refused } = await loggedDatasets(this.native, gathered.datasets, signal);
    addToKnown(this.#known, { ...gathered, datasets });
    return { ...gathered, refused: [...gathered.refused, ...refused] };
  }

  async close(outcome: Outcome, endedAt: number, signal: AbortSignal, supersededBy?: string): Promise<TrackerRunRef> {
    signal.throwIfAborted();
    return atMlflow(async () => {
      const { client, runId, experimentId } = this.native;
      const run = await this.#read(signal);
      for (const model of await this.#models.finish(endedAt, signal))
        this.#opened.warn(`the model ${shownName(model)} of ${shownName(run.runName)} was deleted at MLflow, and is not brought back`);
      const end = markedEnd(run.tags) ?? (await this.#markEnd({ outcome, end: runEnd(outcome, endedAt), supersededBy }, signal));
      if (run.status !== end.status || run.endTime !== end.endTime) await client.updateRun(runId, end, signal);
      if (this.#opened.mayHaveTwin) await removeTwins(client, { experimentId, key: this.#opened.key }, runId, signal);
      return this.ref;
    });
  }

  async #markEnd({ outcome, end, supersededBy }: Ending, signal: AbortSignal): Promise<RunEnd> {
    const registered = outcome.status === 'completed' && (await this.#register(signal));
    if (outcome.status === 'cached') this.#warnOfNoModel('its result came from the cache');
    const mark = (longest?: number): Promise<void> => {
      const tags = { ...endTags(end, outcome, supersededBy, longest), ...registered };
      return this.native.client.logBatch(this.native.runId, { tags: Object.entries(tags).map(([key, value]) => ({ key, value })) }, signal);
    };
    try {
      await mark();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await mark(LONGEST_OLD_TAG);
    }
    return end;
  }

  /** Registers the model. Gives what came of it, as tags. */
  async #register(signal: AbortSignal): Promise<Record<string, string>> {
    const { registerModel: name, modelAlias: alias } = this.#opened.settings;
    if (name === undefined) return {};
    const made = await this.#unlessRefused(`register the model as "${name}"`, async () => {
      const answer = this.#files.lacksModels ? { why: LACKS_MODELS } : await this.#models.register(name, signal);
      if ('why' in answer) this.#warnOfNoModel(answer.why);
      return answer;
    });
    if ('why' in made) return this.#opened.isStep ? { [`${OWN_PREFIX}registered_model`]: tagText(`not registered: ${made.why}`) } : {};
    const { version } = made;
    if (alias !== undefined)
      await this.#unlessRefused(`give ${name}/${version} the alias "${alias}"`, () => this.#models.alias(name, alias, version, signal));
    return { [`${OWN_PREFIX}registered_model`]: `${name}/${version}` };
  }

  #warnOfNoModel(why: string): void {
    const { settings, isStep, run } = this.#opened;
    if (settings.registerModel === undefined || !isStep) return;
    this.#opened.warn(`no model of ${shownName(run.runName)} was registered at MLflow as "${settings.registerModel}": ${why}`);
  }

  /** A registry that refuses something does not keep the run from ending: it is told. */
  async #unlessRefused<T>(what: string, call: () => Promise<T>): Promise<T | { why: string }> {
    try {
      return await call();
    } catch (error) {
      if (!isMlflowError(error) || !isError(trackerFailure(error), Permanent)) throw error;
      this.#opened.warn(`MLflow did not ${what}: ${error.message}`);
      return { why: error.message };
    }
  }

  #read(signal: AbortSignal): Promise<Run> {
    const { client, runId } = this.native;
    return presentRun(client, runId, signal);
  }
}

/** Whether anything was sent that MLflow refuses where there is no such run. */
function asksTheRun({ metrics, params, tags, datasets }: Gathered): boolean {
  return metrics.length + params.length + tags.size + datasets.length > 0;
}

interface Ending {
  outcome: Outcome;
  end: RunEnd;
  supersededBy: string | undefined;
}
