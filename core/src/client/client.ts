import { checkOptions, type OptionKinds } from '../check-options.ts';
import { checkObjects, checkTexts } from '../check-texts.ts';
import { ArtifactNotFound, BadUsage, isError, UnknownStack } from '../errors.ts';
import type { CancelledRun } from '../execution/cancel-run.ts';
import { hasEnded } from '../pipeline/pipeline-spec.ts';
import type { ImportReport, ImportRunsOptions } from '../import/import-runs.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { RunQuery, VersionQuery } from '../store/queries.ts';
import { checkQuery } from './check-query.ts';
import type { GarbageOptions, GarbageReport } from './collect-garbage.ts';
import type { DeletedRunView } from './delete-run.ts';
import type { RunDeliveryOptions, RunsDelivered } from './deliver-runs.ts';
import {
  artifactVersionView,
  listing,
  runListItem,
  type ArtifactVersionView,
  type DocumentView,
  type Listing,
  type MetricPointView,
  type RunListItem,
  type StackView,
} from './listings.ts';
import { isoTime } from './pipeline-run-view.ts';
import type { PipelineRun } from './pipeline-run.ts';
import type { ClientOptions } from './project-client.ts';
import { findRun, readPipelineRun } from './read-pipeline-run.ts';
import { requireStep } from './require-step.ts';
import { StackClient } from './stack-client.ts';
import type { LogOptions, StepLog } from './step-logs.ts';
import type { DeliveryOptions, DeliveryReport, TrackerStatus } from './tracker-work.ts';

/** A version of an artifact and its value. */
export interface ArtifactVersion extends ArtifactVersionView {
  /** null: the artifact store that holds it cannot be opened here. */
  uri: string | null;
  /** The value. Throws `ArtifactNotFound`, `ArtifactCorrupt`, `UnknownMaterializer`. */
  load(): Promise<unknown>;
}

/** Where a project stands. */
export interface ProjectStatus {
  root: string;
  store: string;
  /** null: the stack that is said to be active does not exist. */
  activeStack: StackView | null;
  lastRun: RunListItem | null;
  /** Tracker runs whose end their tracker has not confirmed yet. */
  undelivered: { total: number; components: { component: string; trackerRuns: number }[] };
}

const DELIVERY: OptionKinds<DeliveryOptions> = { component: 'text', signal: 'signal', patienceMs: 'ms' };
const LOGS: OptionKinds<LogOptions> = { step: 'text', follow: 'flag', signal: 'signal' };

/** How long a cancelled run's end is waited for, unless the caller says otherwise, ms. */
const CANCEL_WAIT_MS = 10_000;

/**
 * What a project holds: runs, artifacts, stacks and components, to read and to edit. Everything it returns is JSON-serialisable, secrets are masked.
 * @example
 * const client = new Client();
 * const run = await client.getPipelineRun('latest');
 * run.steps['train']?.runMetadata['experiment_tracker_url']?.value;
 * client.close();
 */
export class Client extends StackClient {
  /** Throws `NoProject`, `StoreCorrupt`, `StoreTooNew`. */
  static async open(options: ClientOptions = {}): Promise<Client> {
    const client = new Client(options);
    await client.open();
    return client;
  }

  /**
   * @param nameOrId name or id of a run, or `latest`
   * @throws UnknownRun
   */
  async getPipelineRun(nameOrId: string): Promise<PipelineRun> {
    const { store, artifactStores } = await this.openSwept();
    const run = await readPipelineRun(store, nameOrId, (version, stack) => artifactStores.holding(version, stack));
    // Who deletes it meanwhile takes its steps and what they logged away under the reader.
    return (await store.runPresence(run.id)) === 'there' ? run : this.getPipelineRun(nameOrId);
  }

  /** Newest first, unless sorted otherwise. */
  async listRuns(query: RunQuery = {}): Promise<Listing<RunListItem>> {
    checkQuery('listRuns', query);
    const { store } = await this.openSwept();
    return listing(await store.runs(query), runListItem);
  }

  /**
   * Versions of artifacts, newest first unless sorted otherwise; of one artifact, of one run, of one step.
   * @throws UnknownRun
   */
  async listArtifacts(query: VersionQuery = {}): Promise<Listing<ArtifactVersionView>> {
    checkQuery('listArtifacts', query);
    const { store } = await this.open();
    const found = await store.versions(query);
    if (found.items.length > 0 || query.runId === undefined) return listing(found, artifactVersionView);
    // It may be a name.
    const { id } = await findRun(store, query.runId);
    return listing(await store.versions({ ...query, runId: id }), artifactVersionView);
  }

  /** Throws `ArtifactNotFound`. */
  async getArtifactVersion(artifact: string, version: number | 'latest' = 'latest'): Promise<ArtifactVersion> {
    checkTexts('getArtifactVersion()', { artifact });
    if (!['number', 'string'].includes(typeof version))
      throw new BadUsage({ what: 'getArtifactVersion() needs a number or "latest" as its version' });
    const { store, artifactStores } = await this.open();
    const record = await store.version({ artifact, version });
    if (record === undefined)
      throw new ArtifactNotFound({
        what: version === 'latest' ? `artifact "${artifact}"` : `version ${version} of artifact "${artifact}"`,
      });
    const holder = await artifactStores.holding(record);
    return {
      ...artifactVersionView(record),
      uri: holder?.uri(record.key) ?? null,
      async load() {
        if (holder === undefined) throw new ArtifactNotFound({ what: `the artifact store of "${artifact}" version ${record.version}` });
        const { loadValue } = await import('../artifacts/load-value.ts');
        return loadValue(record, holder);
      },
    };
  }

  /**
   * All points of a metric that a step logged, by step and time; empty if it logged none.
   * @param run name or id of a run, or `latest`
   * @param step id of a step, with the index of the item of a mapped one: `train`, `each[2]`; its last attempt
   * @param metric name, with the context it was logged with: `loss`, `val/loss`
   * @throws UnknownRun, UnknownStep
   */
  async metricHistory(run: string, step: string, metric: string): Promise<MetricPointView[]> {
    checkTexts('metricHistory()', { step, metric });
    const { store } = await this.open();
    const attempt = await lastAttempt(store, run, step);
    const points = attempt === undefined ? [] : await store.metricHistory(attempt, metric);
    return points.map((point) => ({ step: point.step, at: isoTime(point.at), value: point.value }));
  }

  /**
   * JSON, a table or a figure that a step logged (`logJson`, `logTable`, `logFigure`); null if it logged none of this name.
   * @param run name or id of a run, or `latest`
   * @param step as for `metricHistory`
   * @throws UnknownRun, UnknownStep
   */
  async getDocument(run: string, step: string, name: string): Promise<DocumentView | null> {
    checkTexts('getDocument()', { step, name });
    const { store } = await this.open();
    const attempt = await lastAttempt(store, run, step);
    const document = attempt === undefined ? undefined : await store.document(attempt, name);
    return document === undefined ? null : { name, ...document };
  }

  /**
   * What the steps of a run printed, attempt by attempt in the order of their start; while following, as it comes.
   * @param run name or id of a run, or `latest`
   * @throws UnknownRun, UnknownStep, FileBroken for what cannot be read
   */
  async *stepLogs(run: string, options: LogOptions = {}): AsyncGenerator<StepLog> {
    checkOptions('stepLogs()', options, LOGS);
    const { project, store } = await this.openSwept();
    const found = await findRun(store, run);
    const { readStepLogs } = await import('./step-logs.ts');
    // A run whose process has died is over too, but nobody has said so yet.
    const ended = async (): Promise<boolean> => hasEnded((await findRun((await this.openSwept()).store, found.id)).status);
    yield* readStepLogs({ store, logsFolder: project.logsFolder, ended }, found, options);
  }

  /**
   * Asks a run to stop, whichever process runs it, and waits at most `waitMs` (default 10 s) for its end. Its owner hears of it within about 3 s, unless its
   * main thread is busy; the run of an owner that has died ends at once.
   * @param run name or id of a run, or `latest`
   * @throws UnknownRun, RunIsOver
   */
  async cancelRun(run: string, options: { waitMs?: number } = {}): Promise<CancelledRun> {
    checkOptions('cancelRun()', options, { waitMs: 'ms' });
    const place = await this.open();
    const { cancelRun } = await import('../execution/cancel-run.ts');
    return cancelRun(place, run, options.waitMs ?? CANCEL_WAIT_MS);
  }

  /**
   * Where to find the pipeline of a run that can be resumed: for programs that import a user's files themselves.
   * @param run name or id of a run, or `latest`
   * @throws UnknownRun, RunUnderWay, RunIsOver, PipelineGone
   */
  async findResumable(run: string): Promise<{ id: string; name: string; pipeline: string; file: string }> {
    const { store, project } = await this.openSwept();
    const { findResumable, moduleOf } = await import('../execution/find-resumable.ts');
    const found = await findResumable(store, run);
    return { id: found.id, name: found.name, pipeline: found.pipeline, file: moduleOf(found, project.root) };
  }

  /**
   * Takes a run away, with what it logged; what its experiment trackers have of it stays there. Versions that other runs read stay, the others go when
   * garbage is collected.
   * @param run name or id of a run, or `latest`
   * @throws UnknownRun, RunUnderWay
   */
  async deleteRun(run: string): Promise<DeletedRunView> {
    const { project, store } = await this.openSwept();
    const { deleteRun } = await import('./delete-run.ts');
    return deleteRun({ project, store }, run);
  }

  /**
   * Removes what nothing needs: versions that no run reads, bytes that no version came of, event logs that everybody has read. Runs under way lose nothing.
   * @throws ArtifactStoreFailed
   */
  async collectGarbage(options: GarbageOptions = {}): Promise<GarbageReport> {
    // A "dry run" that is misspelt must delete nothing.
    checkOptions('collectGarbage()', options, { dryRun: 'flag', unknown: 'flag' });
    const place = await this.openSwept();
    const { collectGarbage } = await import('./collect-garbage.ts');
    return collectGarbage(place, options);
  }

  async status(): Promise<ProjectStatus> {
    const { project, store } = await this.open();
    const [activeStack, runs, components] = await Promise.all([this.#activeStackIfAny(), this.listRuns({ limit: 1 }), store.undelivered()]);
    const total = components.reduce((sum, { trackerRuns }) => sum + trackerRuns, 0);
    return { root: project.root, store: store.url, activeStack, lastRun: runs.items[0] ?? null, undelivered: { total, components } };
  }

  /** What each experiment tracker has not taken, or the one that is named. Throws `UnknownComponent`. */
  async trackerStatus(component?: string): Promise<Listing<TrackerStatus>> {
    if (component !== undefined) checkTexts('trackerStatus()', { component });
    const place = await this.openSwept();
    const { trackerStatus } = await import('./tracker-work.ts');
    return { items: await trackerStatus(place, component), next: null };
  }

  /** Delivers to the experiment trackers what runs that have ended could not. What is left is in the reports, not thrown. Throws `UnknownComponent`. */
  async deliver(options: DeliveryOptions = {}): Promise<DeliveryReport[]> {
    checkOptions('deliver()', options, DELIVERY);
    const place = await this.openSwept();
    const { deliver } = await import('./tracker-work.ts');
    return deliver(place, options);
  }

  /**
   * Brings runs that have ended to an experiment tracker that was none of theirs, each point once, however often it is called. What is left is in the report,
   * not thrown.
   * @throws UnknownComponent, UnknownRun, RunUnderWay, LogCollected
   */
  async deliverRuns(options: RunDeliveryOptions): Promise<RunsDelivered> {
    checkObjects('deliverRuns()', { options });
    checkTexts('deliverRuns()', { to: options.to });
    checkOptions('deliverRuns()', options, { runs: 'other', to: 'text', signal: 'signal', patienceMs: 'ms' });
    if (!Array.isArray(options.runs)) throw new BadUsage({ what: 'deliverRuns() needs a list as its runs' });
    const place = await this.openSwept();
    const { deliverRuns } = await import('./deliver-runs.ts');
    return deliverRuns(place, options);
  }

  /**
   * Reads the runs that another tracker has kept (`wandb`, `comet`, `neptune`, `mlflow`) into the project. Runs that are here already stay as they are; those
   * that cannot be read are in the report, not thrown.
   * @throws ImportFailed, FlavorModuleNotFound, FlavorNeedsLoader, UnknownStack
   */
  async importRuns(options: ImportRunsOptions): Promise<ImportReport> {
    checkObjects('importRuns()', { options });
    checkTexts('importRuns()', { vendor: options.vendor, from: options.from });
    checkOptions('importRuns()', options, {
      ...({ vendor: 'text', from: 'text', experiment: 'text', dryRun: 'flag' } as const),
      ...({ env: 'other', signal: 'signal', onProgress: 'callback', onWarning: 'callback' } as const),
    });
    const { registry, ...place } = await this.openSwept();
    const { importRuns } = await import('../import/import-runs.ts');
    return importRuns({ ...place, stack: registry.activeStack() }, options);
  }

  /** Sends the events again that trackers refused for good, after what waits in the same runs. Throws `UnknownComponent`. */
  async retrySetAside(options: DeliveryOptions = {}): Promise<DeliveryReport[]> {
    checkOptions('retrySetAside()', options, DELIVERY);
    const place = await this.openSwept();
    const { deliver } = await import('./tracker-work.ts');
    return deliver(place, options, true);
  }

  /** Gives up what waits for experiment trackers and what they refused, and says how much; runs under way go on. Throws `UnknownComponent`, `UnknownRun`. */
  async dropUndelivered(of: { component?: string; run?: string } = {}): Promise<{ trackerRuns: number; events: number }> {
    // A tracker that is misspelt must not give up what waits for all of them.
    checkOptions('dropUndelivered()', of, { component: 'text', run: 'text' });
    const { store } = await this.openSwept();
    const { drop } = await import('./tracker-work.ts');
    return drop(store, of.component, of.run);
  }

  async #activeStackIfAny(): Promise<StackView | null> {
    try {
      return await this.activeStack();
    } catch (error) {
      if (isError(error, UnknownStack)) return null;
      throw error;
    }
  }
}

/** Its id; undefined if the step has not begun. `step` as people write it: `train`, `each[2]`. */
async function lastAttempt(store: MetadataStore, run: string, step: string): Promise<string | undefined> {
  const [, stepId = step, index] = /^(.*)\[(\d+)\]$/.exec(step) ?? [];
  // Not by way of the run, which may be long: scripts ask for one metric after another.
  const found =
    typeof run === 'string' ? await store.lastAttempt(run, { stepId, ...(index !== undefined && { mapIndex: Number(index) }) }) : undefined;
  if (found?.id !== undefined) return found.id;
  const record = await findRun(store, run);
  // One that is under way may come to it yet.
  if (hasEnded(record.status)) requireStep(step, record, await store.stepRuns(record.id));
  return undefined;
}
