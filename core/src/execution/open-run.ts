import { randomBytes } from 'node:crypto';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { HandOver } from '../artifacts/hand-over.ts';
import { processServices, runServices } from '../composition.ts';
import { RunKilled, UnknownOption } from '../errors.ts';
import { newId } from '../id.ts';
import type { PipelineSpec, RunStatus, StepSpec } from '../pipeline/pipeline-spec.ts';
import { findProject } from '../project/find-project.ts';
import type { Project } from '../project/project.ts';
import { activeStackName } from '../project/project-config.ts';
import type { AssembledStack } from '../stack/assembled-stack.ts';
import { assembleStack, trackersForStep } from '../stack/assemble-stack.ts';
import type { MetadataStore, RunError, WorkerRecord } from '../store/metadata-store.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import type { RunTracking } from '../tracking/run-tracking.ts';
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
  const stackName = options.stack ?? activeStackName(project);
  const environment = describeEnvironment(project.root, {});
  const stack = await assembleStack(stackName, { store, project, log });
  const relativePlan = relativise(plan, project.root);
  const trackersOf = (step: StepSpec): { component: string; flavor: string }[] => {
    const names = trackersForStep(stack, step.options.experimentTracker, step.id);
    return names.map((name) => ({ component: name, flavor: stack.trackers.find((tracker) => tracker.name === name)!.flavor }));
  };
  for (const step of possibleSteps) trackersOf(step);

  const id = newId();
  const startedAt = Date.now();
  const name = options.name ?? defaultName(plan.pipeline, startedAt);
  const experiment = options.experiment ?? plan.pipeline;
  const tags = options.tags ?? {};
  const described = await environment;
  await store.createRun({
    id, name, pipeline: plan.pipeline, experiment, startedAt, params: plan.params, tags,
    spec: relativePlan, stack: stack.snapshot, environment: described, worker,
  });

  const stop = new AbortController();
  const abort = (reason: string): void => stop.abort(new RunKilled({ reason }));
  const signals = onStopSignal((signal) => abort(signal));
  const { signal: given } = options;
  if (given?.aborted) abort('aborted by its caller');
  given?.addEventListener('abort', () => abort('aborted by its caller'), { once: true });

  const user = described.user === undefined ? {} : { user: described.user };
  const { tracking, handOver, sources } = runServices({
    project, store, stack,
    run: { id, name, pipeline: plan.pipeline, experiment, startedAt, tags, ...user },
  });

  const run: OpenRun = {
    id, name, plan, options, project, store, stack, tracking, worker, trackersOf, abort,
    handOver, sources,
    signal: stop.signal,
    warnings: [],
    async finish(status, error) {
      const endedAt = Date.now();
      const outcome = outcomeOf(status, error);
      try {
        await tracking.apply(true);
        const spec = plan.style === 'class' ? { spec: relativise(plan, project.root) } : {};
        await store.finishRun({ id, status, endedAt, warnings: run.warnings, outcome, ...(error && { error }), ...spec });
        const undelivered = await tracking.finish(outcome, endedAt);
        const late = undelivered.map(
          ({ component, trackerRuns, reason }) => `experiment tracker "${component}": ${trackerRuns} tracker ${trackerRuns === 1 ? 'run' : 'runs'} not delivered yet (${reason})`,
        );
        if (late.length > 0) await store.addWarnings(id, late);
        await stack[Symbol.asyncDispose]();
      } finally {
        signals.release();
      }
    },
  };
  return run;
}

function outcomeOf(status: RunStatus, error: RunError | undefined): Outcome {
  if (status === 'completed') return { status };
  if (status === 'killed') return { status, reason: error?.message ?? 'killed' };
  return { status: 'failed', error: error ?? { name: 'Error', message: 'failed' } };
}

function checkOptions(options: RunOptions): void {
  const known = RUN_OPTIONS as readonly string[];
  for (const option of Object.keys(options)) if (!known.includes(option)) throw new UnknownOption({ of: 'run()', option, known: [...known] });
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
