import { randomBytes } from 'node:crypto';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { HandOver } from '../artifacts/hand-over.ts';
import { processServices, runServices } from '../composition.ts';
import { BadOption, RunKilled, UnknownOption } from '../errors.ts';
import { newId } from '../id.ts';
import type { PipelineSpec, RunStatus, StepSpec } from '../pipeline/pipeline-spec.ts';
import { findProject } from '../project/find-project.ts';
import type { Project } from '../project/project.ts';
import { activeStackName } from '../project/project-config.ts';
import type { AssembledStack } from '../stack/assembled-stack.ts';
import { assembleStack, trackersForStep } from '../stack/assemble-stack.ts';
import type { MetadataStore, RunEnvironment, RunError, WorkerRecord } from '../store/metadata-store.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import type { RunTracking, Undelivered } from '../tracking/run-tracking.ts';
import type { StepSources } from './cache-key.ts';
import { describeEnvironment } from './environment.ts';
import { RUN_OPTIONS, type RunOptions } from './run-options.ts';
import { onStopSignal } from './signals.ts';

/** A run that has begun: what every step of it needs. */
export interface OpenRun {
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
  /** Aborted, with a `RunKilled` as its reason, when the steps that run are to stop. */
  readonly signal: AbortSignal;
  readonly warnings: string[];
  /** The tracker components of a tracked step; throws `TrackerNotInStack`. */
  trackersOf(step: StepSpec): { component: string; flavor: string }[];
  abort(reason: string): void;
  /** Ends the run: status, delivery, and what is to be said about it. */
  finish(status: RunStatus, error?: RunError): Promise<void>;
}

/** Opens a run of a plan: the project, its store, the stack and its components; all checks that need no step to have run. `possibleSteps`: those that may run (class style). */
export async function openRun(plan: PipelineSpec, options: RunOptions, possibleSteps: readonly StepSpec[] = plan.steps): Promise<OpenRun> {
  checkOptions(options);
  const project = findProject();
  const { worker, log, store: storeOf } = processServices();
  const store = await storeOf(project);
  const environment = describeEnvironment(project.root);
  const stack = await assembleStack(options.stack ?? activeStackName(project), { store, project, log });
  try {
    return await beginRun({ plan, options, possibleSteps, project, store, stack, worker, environment: await environment });
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

interface Beginning {
  plan: PipelineSpec;
  options: RunOptions;
  possibleSteps: readonly StepSpec[];
  project: Project;
  store: MetadataStore;
  stack: AssembledStack;
  worker: WorkerRecord;
  environment: RunEnvironment;
}

async function beginRun(from: Beginning): Promise<OpenRun> {
  const { plan, options, project, store, stack, worker, environment } = from;
  const trackersOf = trackersIn(stack);
  for (const step of from.possibleSteps) trackersOf(step);
  const startedAt = Date.now();
  const identity = {
    id: newId(),
    name: options.name ?? defaultName(plan.pipeline, startedAt),
    pipeline: plan.pipeline,
    experiment: options.experiment ?? plan.pipeline,
    startedAt,
    tags: options.tags ?? {},
  };
  const { id, name } = identity;
  const spec = relativise(plan, project.root);
  await store.createRun({ ...identity, params: plan.params, spec, stack: stack.snapshot, environment, worker });

  const user = environment.user === undefined ? {} : { user: environment.user };
  const services = runServices({ project, store, stack, run: { ...identity, ...user } });
  const stop = stopping(options.signal);
  const warnings: string[] = [];
  return {
    ...{ id, name, plan, options, project, store, stack, worker, warnings, trackersOf },
    ...services,
    signal: stop.signal,
    abort: stop.abort,
    async finish(status, error) {
      const endedAt = Date.now();
      const outcome = outcomeOf(status, error);
      try {
        await services.tracking.apply(true);
        const grown = plan.style === 'class' ? { spec: relativise(plan, project.root) } : {};
        await store.finishRun({ id, status, endedAt, warnings, outcome, ...(error && { error }), ...grown });
        const undelivered = await services.tracking.finish(outcome, endedAt);
        if (undelivered.length > 0) await store.addWarnings(id, undelivered.map(describeUndelivered));
        await stack[Symbol.asyncDispose]();
      } finally {
        stop.release();
      }
    },
  };
}

function trackersIn(stack: AssembledStack): OpenRun['trackersOf'] {
  const flavors = new Map(stack.trackers.map(({ name, flavor }) => [name, flavor]));
  return (step) =>
    trackersForStep(stack, step.options.experimentTracker, step.id).map((component) => ({ component, flavor: flavors.get(component)! }));
}

/** What stops a run: a signal to the process, its caller's signal, or the run itself. */
function stopping(given: AbortSignal | undefined): { signal: AbortSignal; abort(reason: string): void; release(): void } {
  const stop = new AbortController();
  const abort = (reason: string): void => stop.abort(new RunKilled({ reason }));
  const giveUp = (): void => abort('aborted by its caller');
  const signals = onStopSignal(abort);
  if (given?.aborted) giveUp();
  given?.addEventListener('abort', giveUp, { once: true });
  return {
    signal: stop.signal,
    abort,
    release() {
      given?.removeEventListener('abort', giveUp);
      signals.release();
    },
  };
}

function describeUndelivered({ component, trackerRuns, reason }: Undelivered): string {
  return `experiment tracker "${component}": ${trackerRuns} tracker ${trackerRuns === 1 ? 'run' : 'runs'} not delivered yet (${reason})`;
}

function outcomeOf(status: RunStatus, error: RunError | undefined): Outcome {
  if (status === 'completed') return { status };
  if (status === 'killed') return { status, reason: error?.message ?? 'killed' };
  return { status: 'failed', error: error ?? { name: 'Error', message: 'failed' } };
}

function checkOptions(options: RunOptions): void {
  const known = RUN_OPTIONS as readonly string[];
  for (const option of Object.keys(options))
    if (!known.includes(option)) throw new UnknownOption({ of: 'run()', option, known: [...known] });
  const { concurrency = 1 } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new BadOption({ of: 'run()', option: 'concurrency', reason: 'must be a whole number from 1' });
}

/** `<pipeline>-<yyyymmdd>-<hhmmss>-<4 hex>`, UTC. */
function defaultName(pipeline: string, at: number): string {
  const [day, time] = new Date(at).toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '').split('T');
  return `${pipeline}-${day}-${time}-${randomBytes(2).toString('hex')}`;
}

/** Modules as paths from the project root, so that a project can move. */
function relativise(plan: PipelineSpec, root: string): PipelineSpec {
  const path = (module: string): string => {
    if (!module.startsWith('file:')) return module;
    const from = relative(root, fileURLToPath(module));
    return from.startsWith('..') ? module : from.split(sep).join('/');
  };
  return { ...plan, module: path(plan.module), steps: plan.steps.map((step) => ({ ...step, module: path(step.module) })) };
}
