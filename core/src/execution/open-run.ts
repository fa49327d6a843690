import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import type { HandOver } from '../artifacts/hand-over.ts';
import { isError, RunNameTaken, RunTakenOver } from '../errors.ts';
import { newId } from '../id.ts';
import type { JsonObject } from '../json.ts';
import type { PipelineSpec, RunStatus, StepSpec } from '../pipeline/pipeline-spec.ts';
import { findProject } from '../project/find-project.ts';
import { pathInProject } from '../project/path-in-project.ts';
import type { Project } from '../project/project.ts';
import { activeStackName } from '../project/project-config.ts';
import { keepSecretKey } from '../secrets/kept-secrets.ts';
import { redact, redactJson } from '../secrets/redaction.ts';
import type { AssembledStack } from '../stack/assembled-stack.ts';
import { assembleStack, trackersForStep } from '../stack/assemble-stack.ts';
import { checkSettings } from '../stack/check-settings.ts';
import { processLog } from '../stack/logger.ts';
import { mergedSettings } from '../stack/merged-settings.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { openProjectStore } from '../store/project-store.ts';
import type { RunEnvironment, RunError, RunRecord, WorkerRecord } from '../store/run-data.ts';
import { artifactReader } from '../tracking/artifact-reader.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import type { RunTracking, RunTrackingOptions } from '../tracking/run-tracking.ts';
import { CacheHits } from './cache-hits.ts';
import type { StepSources } from './cache-key.ts';
import { checkAlerters, type OwnedHooks } from './check-alerters.ts';
import { checkRunOptions } from './check-run-options.ts';
import { describeEnvironment } from './environment.ts';
import { type RunWatch, watchRun } from './heartbeat.ts';
import { IneffectiveSettings } from './ineffective-settings.ts';
import { reasonOf } from './outcome.ts';
import { RecordedSteps } from './recorded-steps.ts';
import type { RunOptions } from './run-options.ts';
import { runServices } from './run-services.ts';
import { SettledSteps } from './settled-steps.ts';
import { type RunStop, stopOfRun } from './run-stop.ts';
import { sweep } from './sweep.ts';
import { takeOverLeft } from './take-over-left.ts';
import { unendedRuns } from './unended-runs.ts';
import { workerIdentity } from './worker-identity.ts';

/** So many warnings of what its code does are kept: a timer that a step left behind may fail for ever. */
const MOST_WARNINGS = 200;

/** A run that has begun: what every step of it needs. */
export interface OpenRun extends RunStop {
  readonly id: string;
  readonly name: string;
  /** In class style it grows. */
  readonly plan: PipelineSpec;
  readonly options: RunOptions;
  readonly project: Project;
  readonly store: MetadataStore;
  readonly stack: AssembledStack;
  readonly tracking: RunTracking;
  readonly handOver: HandOver;
  readonly sources: StepSources;
  readonly worker: WorkerRecord;
  /** What the cache has for its steps. */
  readonly hits: CacheHits;
  /** Steps that ended without an attempt. */
  readonly settled: SettledSteps;
  /** What is set for those of them that came from the cache, and does nothing. */
  readonly ineffective: IneffectiveSettings;
  readonly warnings: string[];
  /** Where it can be seen, as far as is known: at its first tracker. */
  url(): string | undefined;
  /** Adds a warning, also to a run that has ended. */
  warn(what: string): void;
  /** What earlier sessions left of it; undefined for a run that is new. */
  readonly earlier: RecordedSteps | undefined;
  readonly watch: RunWatch;
  /** The tracker components of a tracked step; throws `TrackerNotInStack`. */
  trackersOf(step: StepSpec): { component: string; flavor: string; settings?: JsonObject }[];
  /** Has something done before the run ends, or is let go. */
  atEnd(work: () => Promise<void>): void;
  /** Ends the run: status, delivery, and what is to be said about it. Throws `RunTakenOver`. */
  finish(status: RunStatus, error?: RunError): Promise<void>;
  /** Leaves a run that is no longer this process's, and writes nothing to it. */
  leave(): Promise<void>;
  /** Lets go of the stack, and of the signals of this process. After `finish` or `leave`, which leave its alerters to the hooks. */
  release(): Promise<void>;
}

export interface RunOpening {
  /** Those that may run (class style). Default: those of the plan. */
  possibleSteps?: readonly StepSpec[];
  /** The run to go on with. */
  resumed?: RunRecord | undefined;
  /** All that may be called. */
  hooks?: readonly OwnedHooks[];
}

/** Opens a run of a plan: the project, its store, the stack and its components; all checks that need no step to have run. */
export async function openRun(plan: PipelineSpec, options: RunOptions, opening: RunOpening = {}): Promise<OpenRun> {
  keepSecretKey();
  checkRunOptions(options);
  const project = findProject();
  // Asks Git, which takes as long as all the rest here together.
  const environment = describeEnvironment(project.root);
  const store = await openProjectStore(project);
  const { possibleSteps = plan.steps, resumed, hooks = [] } = opening;
  await sweep({ store, project });
  const stack = await assembleStack(resumed?.stack.name ?? options.stack ?? activeStackName(project), {
    store,
    project,
    log: processLog(),
  });
  try {
    checkAlerters(stack, hooks);
    return await beginRun({ plan, options, possibleSteps, resumed, project, store, stack, environment: await environment });
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

interface Beginning {
  plan: PipelineSpec;
  options: RunOptions;
  possibleSteps: readonly StepSpec[];
  resumed: RunRecord | undefined;
  project: Project;
  store: MetadataStore;
  stack: AssembledStack;
  environment: RunEnvironment;
}

async function beginRun(from: Beginning): Promise<OpenRun> {
  const { plan, options, resumed, project, store, stack, environment } = from;
  const worker = workerIdentity();
  const log = processLog();
  const trackersOf = trackersIn(stack);
  await checkSettings(plan, from.possibleSteps, stack, store);
  const spec = relativise(plan, project.root);
  const identity = resumed === undefined ? await newRun(from, spec) : identityOf(resumed);
  const { id, name } = identity;
  const earlier = resumed && (await takeUp(from, resumed, spec));
  unendedRuns.delete(id);

  const about = {
    ...identity,
    environment,
    params: plan.params,
    readArtifact: artifactReader(async () => stack.artifactStore),
    ...(plan.settings && { settings: plan.settings }),
  };
  const { trackerTimeoutMs, onTrackerWait } = options;
  const services = runServices({ project, store, stack, run: about, trackerTimeoutMs, onTrackerWait });
  const left = takeOverLeft({ store, project, log, worker }, stack.trackers);
  const { release: releaseStop, ...stop } = stopOfRun(options.signal);
  const watch = watchRun({ id, storeUrl: store.url, workerId: worker.id, log, onCancel: () => stop.abort('cancelled') });
  const warnings: string[] = [...(resumed?.warnings ?? [])];
  let ended = false;
  const warned = new Set<string>();
  const warn = (what: string): void => {
    if (warned.has(what) || warned.size > MOST_WARNINGS) return;
    warned.add(what);
    const told = warned.size > MOST_WARNINGS ? 'there were more warnings, which are not kept' : what;
    if (!ended) warnings.push(told);
    // The step has ended, and so has its run: nobody is left who could be told that this cannot be recorded.
    else store.addWarnings(id, [told]).catch(() => undefined);
  };
  const endings: (() => Promise<void>)[] = [];
  const settled = new SettledSteps(store);
  const ineffective = new IneffectiveSettings();
  const leaveOthers = async (): Promise<void> => {
    await left.stop();
    watch.release();
  };
  return {
    ...{ id, name, plan, options, project, store, stack, worker, warnings, settled, ineffective, earlier, watch, trackersOf },
    hits: new CacheHits(store),
    ...services,
    ...stop,
    url: () => services.tracking.url ?? urlOf(resumed),
    warn,
    atEnd: (work) => void endings.push(work),
    async finish(status, error) {
      const endedAt = Date.now();
      const outcome = outcomeOf(status, error);
      try {
        for (const end of endings) await end();
        await settled.write();
        if (ineffective.warning !== undefined) warnings.push(ineffective.warning);
        await services.tracking.apply(true);
        const grown = plan.style === 'class' ? { spec: relativise(plan, project.root) } : {};
        const { claim } = services.tracking;
        ended = true;
        // Who stops the process now, stops the wait; a run that was stopped before has its time.
        const hurry = stop.hurry.aborted ? undefined : stop.hurry;
        await store.finishRun({ id, workerId: worker.id, status, endedAt, warnings, outcome, ...(error && { error }), ...grown, ...claim });
        // The run has ended, and says how: what the store does not take of its delivery is left to whoever delivers next.
        await services.tracking.finish(outcome, endedAt, hurry).catch(async (error: unknown) => {
          const what = `the store did not take how the delivery to its trackers ended: ${reasonOf(error)}`;
          log.warn(what, { run: name });
          warn(what);
          await services.tracking.leave().catch(() => undefined);
        });
      } catch (error) {
        if (!isError(error, RunTakenOver)) unendedRuns.add(id);
        await services.tracking.leave();
        throw error;
      } finally {
        await leaveOthers();
      }
    },
    async leave() {
      for (const end of endings) await end();
      await services.tracking.leave().finally(leaveOthers);
    },
    async release() {
      releaseStop();
      await stack[Symbol.asyncDispose]();
    },
  };
}

/** Makes a run in the store. Others that begin in the same second may take the name that it would have had: then it gets another one. */
async function newRun({ plan, options, store, stack, environment }: Beginning, spec: PipelineSpec): Promise<RunTrackingOptions['run']> {
  for (;;) {
    const identity = newIdentity(plan, options);
    try {
      await store.createRun({ ...identity, params: plan.params, spec, stack: stack.snapshot, environment, worker: workerIdentity() });
      return identity;
    } catch (error) {
      if (options.name !== undefined || !isError(error, RunNameTaken)) throw error;
    }
  }
}

/** Makes a run this process's, and gives what its earlier sessions left. Another one may have gone on with it, and ended it, while that was read. */
async function takeUp({ plan, store, stack }: Beginning, { id, endedAt }: RunRecord, spec: PipelineSpec): Promise<RecordedSteps> {
  const resume = { runId: id, worker: workerIdentity(), ...(plan.style === 'function' && { spec }) };
  for (let seen = endedAt; ; seen = (await store.run(id))?.endedAt) {
    const earlier = await RecordedSteps.read(store, id, stack.artifactStore);
    if (await store.resumeRun({ ...resume, at: Date.now(), ...(seen !== undefined && { endedAt: seen }) })) return earlier;
  }
}

function newIdentity(plan: PipelineSpec, options: RunOptions): RunTrackingOptions['run'] {
  const startedAt = Date.now();
  return {
    id: newId(),
    name: redact(options.name ?? defaultName(plan.pipeline, startedAt)),
    pipeline: plan.pipeline,
    experiment: redact(options.experiment ?? plan.pipeline),
    startedAt,
    tags: redactJson(options.tags ?? {}),
  };
}

function identityOf({ id, name, pipeline, experiment, startedAt, tags }: RunRecord): RunTrackingOptions['run'] {
  return { id, name, pipeline, experiment, startedAt, tags, resumed: true };
}

/** Where a run could be seen in its earlier sessions. */
function urlOf(resumed: RunRecord | undefined): string | undefined {
  const url = resumed?.metadata['experiment_tracker_url']?.value;
  return typeof url === 'string' ? url : undefined;
}

function trackersIn(stack: AssembledStack): OpenRun['trackersOf'] {
  const flavors = new Map(stack.trackers.map(({ name, flavor }) => [name, flavor]));
  return (step) =>
    trackersForStep(stack, step.options.experimentTracker, step.id).map((name) => {
      const flavor = flavors.get(name)!;
      const settings = mergedSettings({ type: 'experiment-tracker', name, flavor }, step.options.settings);
      return { component: name, flavor, ...(settings !== undefined && { settings }) };
    });
}

function outcomeOf(status: RunStatus, error: RunError | undefined): Outcome {
  if (status === 'completed') return { status };
  if (status === 'killed') return { status, reason: error?.message ?? 'killed' };
  return { status: 'failed', error: error ?? { name: 'Error', message: 'failed' } };
}

/** `<pipeline>-<yyyymmdd>-<hhmmss>-<4 hex>`, UTC. */
function defaultName(pipeline: string, at: number): string {
  const [day, time] = new Date(at).toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '').split('T');
  return `${pipeline}-${day}-${time}-${randomBytes(2).toString('hex')}`;
}

/** Modules as paths from the project root, so that a project can move. */
function relativise(plan: PipelineSpec, root: string): PipelineSpec {
  const paths = new Map<string, string>();
  const path = (module: string): string => {
    let found = paths.get(module);
    if (found === undefined) paths.set(module, (found = pathFrom(root, module)));
    return found;
  };
  return { ...plan, module: path(plan.module), steps: plan.steps.map((step) => ({ ...step, module: path(step.module) })) };
}

function pathFrom(root: string, module: string): string {
  if (!module.startsWith('file:')) return module;
  return pathInProject(root, fileURLToPath(module)) ?? module;
}
