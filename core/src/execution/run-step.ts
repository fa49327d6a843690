import { setTimeout as delay } from 'node:timers/promises';

import { FenceLost, isError, RunKilled, RunTakenOver } from '../errors.ts';
import { newId } from '../id.ts';
import type { RetrySpec } from '../pipeline/pipeline-spec.ts';
import { processLog } from '../stack/logger.ts';
import type { RunError } from '../store/run-data.ts';
import type { CachedStep, SettledStep, StepIdentity } from '../store/step-data.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import type { AttemptStart, AttemptTracking } from '../tracking/run-tracking.ts';
import { trackerRunKey } from '../tracking/tracker-run-key.ts';
import { AttemptCode } from './attempt-code.ts';
import { AttemptStop } from './attempt-stop.ts';
import { cacheKey } from './cache-key.ts';
import { callEndHooks, callStartHook } from './call-hooks.ts';
import type { ExecutedElsewhere, ProcessPlace } from './child/execute-in-process.ts';
import { executeInline, type BegunAttempt, type ExecutedInline } from './execute-inline.ts';
import { hasItsBytes } from './has-its-bytes.ts';
import { isolationOf } from './isolation-of.ts';
import { LONGEST_TIMER_MS } from './longest-timer.ts';
import { monotonicMs, msSince } from './monotonic-ms.ts';
import type { OpenRun } from './open-run.ts';
import { describeError, reasonOf } from './outcome.ts';
import { contentsOf, emit, identityOf, nameOf, paramsOf, recordsOf, type StepCall, type StepEnd } from './step-call.ts';
import { saverOfLogged } from './save-logged.ts';
import { skipStep } from './skip-step.ts';
import { intendedOutputs } from './step-outputs.ts';
import { callUserCode } from './user-code.ts';
import { waitForTrackers } from './wait-for-trackers.ts';

/** The life of one step (or of one item of a mapped one): a cache hit, or attempts until one ends well or none is left. Never throws for the step's failure. */
export async function runStep(run: OpenRun, call: StepCall): Promise<StepEnd> {
  try {
    return await runToItsEnd(run, call);
  } catch (error) {
    run.lose(error);
    throw error;
  }
}

async function runToItsEnd(run: OpenRun, call: StepCall): Promise<StepEnd> {
  const identity = identityOf(run, call);
  const key = await cacheKey(call.step, call.code, contentsOf(call), run.sources, run.stack.artifactStore.id);
  if ('key' in key && run.options.cache !== false) {
    const hit = await run.hits.find(key.key);
    if (hit !== undefined && hasItsBytes(hit, run.stack.artifactStore)) return settleCached(run, call, identity, key.key, hit);
    if (hit !== undefined) run.warnings.push(`what step "${nameOf(call)}" left is gone from the artifact store: it is run anew`);
  }
  run.hits.forget();
  const { hooks } = call.code;
  if (hooks === undefined) return runAttempts(run, call, identity, key);
  let latest: AttemptTracking | undefined;
  const url = (): string | undefined => latest?.trackerRuns.find((tracker) => tracker.url !== undefined)?.url ?? run.url();
  const { stack, warn, hurry } = run;
  const owner = { name: `step "${nameOf(call)}"`, stack, runId: run.id, url, warn, hurry };
  const about = { pipeline: run.plan.pipeline, runId: run.id, runName: run.name, step: nameOf(call) };
  await callStartHook(owner, hooks, { ...about, status: 'running', durationMs: 0 });
  const begunAt = monotonicMs();
  const { status, ...end } = await runAttempts(run, { ...call, onAttempt: (tracking) => (latest = tracking) }, identity, key);
  // Whatever else an attempt may end as, it ran.
  const ended = status === 'completed' || status === 'failed' ? status : 'killed';
  await callEndHooks(owner, hooks, {
    ...about,
    status: ended,
    durationMs: msSince(begunAt),
    ...('error' in end && { error: end.error }),
  });
  return { status, ...end };
}

/** Attempts until one ends well or none is left. */
async function runAttempts(run: OpenRun, call: StepCall, identity: StepIdentity, key: StepKey): Promise<StepEnd> {
  const retry = call.step.options.retry ?? NO_RETRY;
  const isolated = isolationOf(run, call.step) === 'process';
  let before: AttemptEnd | undefined;
  try {
    for (let tries = 0; ; tries++) {
      const begun = (): void => {
        before?.retry?.decided(true);
        before = undefined;
      };
      const attempt = (key: StepKey, place?: ProcessPlace) =>
        runAttempt(run, call, identity, key, { mayRetry: tries < retry.retries, begun, place });
      const end = run.signal.aborted ? undefined : await (isolated ? inStepProcess(run, call, key, attempt) : attempt(key));
      if (end === undefined) return before === undefined ? await notStarted(run, call) : stepEnd(before);
      before = end;
      if (end.retry === undefined || run.signal.aborted) return stepEnd(end);
      emit(run, call, { status: 'retrying', attempt: end.retry.of, durationMs: 0, message: reasonOf(end.error) });
      await delay(Math.min(retry.delayMs * retry.backoff ** tries, LONGEST_TIMER_MS), undefined, { signal: run.signal }).catch(
        () => undefined,
      );
    }
  } finally {
    before?.retry?.decided(false);
  }
}

/** How an attempt ended. One that is to be retried waits to be told whether it was: the run may be stopped before. `of` is its number. */
type AttemptEnd = StepEnd & { retry?: { of: number; decided(retried: boolean): void } };

function stepEnd({ retry: _, ...end }: AttemptEnd): StepEnd {
  return end;
}

/** Its cache key, or why it has none. */
type StepKey = { key: string } | { reason: string };

const NO_RETRY: RetrySpec = { retries: 0, delayMs: 0, backoff: 1 };

async function settleCached(run: OpenRun, call: StepCall, identity: StepIdentity, key: string, hit: CachedStep): Promise<StepEnd> {
  const id = newId();
  const at = Date.now();
  const trackers = run.trackersOf(call.step);
  for (const tracker of trackers) run.ineffective.look(call.step.id, tracker, hit.seenBy);
  const unseen = trackers.filter(({ component }) => !hit.seenBy.some((seen) => seen.component === component));
  const outcome: Outcome = { status: 'cached', source: { runId: hit.stepRunId, ...(hit.url !== undefined && { url: hit.url }) } };
  const settled: SettledStep = {
    ...identity,
    id,
    stepName: call.step.name,
    status: 'cached',
    at,
    workerId: run.worker.id,
    inputs: recordsOf(call),
    cacheKey: key,
    sourceStepRunId: hit.stepRunId,
    trackers: unseen,
    ...(unseen.length > 0 && { outcome }),
  };
  if (unseen.length === 0) {
    await run.settled.add(settled);
  } else {
    const [made] = await run.store.settleSteps([settled]);
    const { runId: _, ...step } = identity;
    const { trackerRuns } = made!;
    run.tracking.mark({ ...step, id, stepName: call.step.name, attempt: 0, startedAt: at, trackerRuns, ...settingsOf(unseen) }, outcome);
  }
  emit(run, call, { status: 'cached', attempt: 0, durationMs: 0 });
  return { status: 'cached', id, outputs: new Map(hit.outputs.map((version) => [version.output ?? 'output', version])) };
}

/** An attempt in a step process, once there is one for it. Undefined when the run is stopped before. */
async function inStepProcess(
  run: OpenRun,
  call: StepCall,
  key: StepKey,
  attempt: (key: StepKey, place: ProcessPlace) => Promise<AttemptEnd>,
): Promise<AttemptEnd | undefined> {
  const { takePlace } = await import('./child/execute-in-process.ts');
  const place = await takePlace(run, call);
  if (place === undefined) return undefined;
  try {
    // It has loaded them since the run began.
    const changed = 'key' in key && !(await run.sources.unchanged(call.code));
    return await attempt(changed ? { reason: 'its sources were changed while the run went on' } : key, place);
  } finally {
    place.leave();
  }
}

/** The end of a step whose run was stopped before it began. */
async function notStarted(run: OpenRun, call: StepCall): Promise<StepEnd> {
  const skipped = await skipStep(run, call.step, reasonOf(run.signal.reason), call.mapIndex);
  return { ...skipped, status: 'killed', error: run.signal.reason };
}

/** What is set for the trackers of a step, by their names. */
function settingsOf(trackers: ReturnType<OpenRun['trackersOf']>): Pick<AttemptStart, 'settings'> {
  const set = trackers.flatMap(({ component, settings }) => (settings === undefined ? [] : [[component, settings] as const]));
  return set.length === 0 ? {} : { settings: Object.fromEntries(set) };
}

/** One attempt. Its commit is the only place where an attempt ends. `begun` is called when it is in the store. */
async function runAttempt(
  run: OpenRun,
  call: StepCall,
  identity: StepIdentity,
  key: StepKey,
  { mayRetry, begun, place }: { mayRetry: boolean; begun: () => void; place: ProcessPlace | undefined },
): Promise<AttemptEnd> {
  const id = newId();
  const startedAt = Date.now();
  const begunAt = monotonicMs();
  run.watch.stepStarts(startedAt);
  const trackers = run.trackersOf(call.step);
  const intents = intendedOutputs(run, call.step);
  await run.settled.write();
  const started = await run.store.startAttempt({
    ...identity,
    id,
    stepName: call.step.name,
    startedAt,
    workerId: run.worker.id,
    inputs: recordsOf(call),
    ...('key' in key ? { cacheKey: key.key } : { notCached: key.reason }),
    trackers,
    intents,
  });
  begun();
  if (started.cancelRequested) run.abort('cancelled');
  const { runId: _, ...step } = identity;
  const stop = new AttemptStop();
  const tracking = run.tracking.begin({
    ...step,
    id,
    stepName: call.step.name,
    attempt: started.attempt,
    startedAt,
    params: paramsOf(call),
    trackerRuns: started.trackerRuns,
    ...settingsOf(trackers),
    saveFile: saverOfLogged(run.stack.artifactStore, { pipeline: run.plan.pipeline, stepRunId: id }, stop.signal),
  });
  call.onAttempt?.(tracking);
  emit(run, call, { status: 'running', attempt: started.attempt, durationMs: 0 });

  const code = new AttemptCode(run, call, { id, stop, tracking });
  const unlink = run.stopsToo(stop);
  let end: StepEnd;
  let outcome: Outcome;
  let willRetry = false;
  let committing = false;
  let endedAt: number;
  try {
    await waitForTrackers(run, tracking, stop.signal);
    const attempt = { id, attempt: started.attempt, intents, tracking, stop };
    const execute = (): Promise<Executed> =>
      place === undefined ? callUserCode(code, () => executeInline(run, call, attempt)) : place.execute(call, attempt, code);
    const { outputs, returned, undeclared } = await withSystemMetrics(call, attempt, execute);
    stop.signal.throwIfAborted();
    code.end();
    outcome = { status: 'completed' };
    committing = true;
    const committed = await run.store.commitAttempt({
      id,
      runId: run.id,
      fence: started.fence,
      status: 'completed',
      endedAt: (endedAt = Date.now()),
      versions: outputs.map(({ version }) => version),
      metadata: {},
      cache: 'key' in key,
      ...(trackers.length > 0 && { outcome }),
      willRetry: false,
    });
    for (const name of undeclared)
      run.warn(`step "${call.step.id}" returned "${name}", which is none of its declared outputs: it is not kept`);
    if (returned !== undefined) run.handOver.keepOutputs(committed.map((version, index) => ({ ...outputs[index]!, version })));
    end = {
      status: 'completed',
      id,
      outputs: new Map(committed.map((version) => [version.output ?? 'output', version])),
      ...(returned && { returned }),
    };
  } catch (error) {
    // Of this run: a step may begin runs of its own, and fails with what becomes of them.
    if (isError(error, RunTakenOver) && error.facts.id === run.id) throw error;
    // A commit that lost its fence has an owner elsewhere: nothing of this attempt may be written any more.
    if (committing && isError(error, FenceLost)) {
      emit(run, call, { status: 'failed', attempt: started.attempt, durationMs: msSince(begunAt), message: reasonOf(error) });
      return { status: 'failed', id, outputs: new Map(), error };
    }
    const killed = run.signal.aborted && isError(error, RunKilled) ? error.facts.reason : undefined;
    willRetry = killed === undefined && mayRetry && !run.signal.aborted;
    outcome = killed === undefined ? { status: 'failed', error: describeError(error) } : { status: 'killed', reason: killed };
    await run.store.commitAttempt({
      id,
      runId: run.id,
      fence: started.fence,
      status: outcome.status,
      endedAt: (endedAt = Date.now()),
      error: 'error' in outcome ? outcome.error : ({ name: 'Killed', message: killed! } satisfies RunError),
      versions: [],
      metadata: {},
      cache: false,
      ...(trackers.length > 0 && { outcome }),
      willRetry,
    });
    end = { status: outcome.status, id, outputs: new Map(), error };
  } finally {
    unlink();
    code.end();
  }
  const { status } = end;
  const told = { status, attempt: started.attempt, durationMs: msSince(begunAt), ...('error' in end && { message: reasonOf(end.error) }) };
  const decision = Promise.withResolvers<boolean>();
  const decided = (retried: boolean): void => {
    if (!retried) emit(run, call, told);
    decision.resolve(retried);
  };
  const next = decision.promise.then((retried) => (retried ? successors(identity, started.attempt + 1, trackers) : undefined));
  run.tracking.end(id, outcome, endedAt, willRetry ? next : undefined);
  if (!willRetry) decided(false);
  await run.tracking.apply();
  return willRetry ? { ...end, retry: { of: started.attempt, decided } } : end;
}

type Executed = ExecutedInline | ExecutedElsewhere;

/** Executes an attempt, and logs what the machine does meanwhile if the step wants that. */
async function withSystemMetrics(call: StepCall, { tracking, stop }: BegunAttempt, execute: () => Promise<Executed>): Promise<Executed> {
  const { systemMetrics } = call.step.options;
  if (!systemMetrics) return execute();
  const { whileSampling } = await import('./system-metrics.ts');
  return whileSampling({ systemMetrics, tracking, signal: stop.signal, log: processLog() }, execute);
}

function successors(identity: StepIdentity, attempt: number, trackers: readonly { component: string }[]): Record<string, string> {
  return Object.fromEntries(trackers.map(({ component }) => [component, trackerRunKey({ ...identity, attempt, component })]));
}
