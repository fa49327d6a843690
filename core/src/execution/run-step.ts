import { setTimeout as delay } from 'node:timers/promises';

import { keyPrefixOf } from '../artifacts/artifact-key.ts';
import { FenceLost, InputNotLoadable, isError, MapNotArray, RunKilled, StepTimeout } from '../errors.ts';
import { newId } from '../id.ts';
import type { RetrySpec, StepSpec } from '../pipeline/pipeline-spec.ts';
import type { CachedStep, RunError, StepIdentity } from '../store/metadata-store.ts';
import { stepContext, type StepContext } from '../tracking/context.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import type { AttemptTracking } from '../tracking/run-tracking.ts';
import { trackerRunKey } from '../tracking/tracker-run-key.ts';
import { cacheKey } from './cache-key.ts';
import type { OpenRun } from './open-run.ts';
import { describeError, reasonOf } from './outcome.ts';
import { contentsOf, emit, identityOf, paramsOf, recordsOf, type StepCall, type StepEnd } from './step-call.ts';
import { intendedOutputs, storeOutputs } from './step-outputs.ts';

/** The life of one step (or of one item of a mapped one): a cache hit, or attempts until one ends well or none is left. Never throws for the step's failure. */
export async function runStep(run: OpenRun, call: StepCall): Promise<StepEnd> {
  const identity = identityOf(run, call);
  const key = await cacheKey(call.step, call.code, contentsOf(call), run.sources, run.stack.artifactStore.id);
  if ('key' in key && run.options.cache !== false) {
    const hit = await run.store.findCached(key.key);
    if (hit !== undefined) return settleCached(run, call, identity, key.key, hit);
  }
  const retry = call.step.options.retry ?? NO_RETRY;
  for (let tries = 0; ; tries++) {
    const end = await runAttempt(run, call, identity, key, tries < retry.retries);
    if (end.status !== 'failed' || tries >= retry.retries || run.signal.aborted) return end;
    emit(run, call, { status: 'retrying', attempt: tries + 1, durationMs: 0, message: reasonOf(end.error) });
    await delay(retry.delayMs * retry.backoff ** tries, undefined, { signal: run.signal }).catch(() => undefined);
    if (run.signal.aborted) return end;
  }
}

const NO_RETRY: RetrySpec = { retries: 0, delayMs: 0, backoff: 1 };

async function settleCached(run: OpenRun, call: StepCall, identity: StepIdentity, key: string, hit: CachedStep): Promise<StepEnd> {
  const id = newId();
  const at = Date.now();
  const unseen = run.trackersOf(call.step).filter((tracker) => !hit.seenBy.includes(tracker.component));
  const outcome: Outcome = { status: 'cached', source: { runId: hit.stepRunId, ...(hit.url !== undefined && { url: hit.url }) } };
  const settled = await run.store.settleStep({
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
  });
  if (settled.trackerRuns.length > 0) {
    const { runId: _, ...step } = identity;
    run.tracking.mark({ ...step, id, stepName: call.step.name, attempt: 0, startedAt: at, trackerRuns: settled.trackerRuns }, outcome);
  }
  emit(run, call, { status: 'cached', attempt: 0, durationMs: 0 });
  return { status: 'cached', id, outputs: new Map(hit.outputs.map((version) => [version.output ?? 'output', version])) };
}

/** One attempt. Its commit is the only place where an attempt ends. */
async function runAttempt(
  run: OpenRun,
  call: StepCall,
  identity: StepIdentity,
  key: { key: string } | { reason: string },
  mayRetry: boolean,
): Promise<StepEnd> {
  const id = newId();
  const startedAt = Date.now();
  const trackers = run.trackersOf(call.step);
  const intents = intendedOutputs(run, call.step, id);
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
  const { runId: _, ...step } = identity;
  const tracking = run.tracking.begin({
    ...step,
    id,
    stepName: call.step.name,
    attempt: started.attempt,
    startedAt,
    params: paramsOf(call),
    trackerRuns: started.trackerRuns,
    saveFile: (path, body) => saveLogged(run, id, path, body),
  });
  emit(run, call, { status: 'running', attempt: started.attempt, durationMs: 0 });

  const stop = new AbortController();
  const unlink = follow(run.signal, stop);
  let end: StepEnd;
  let outcome: Outcome;
  let willRetry = false;
  try {
    const value = await perform(run, call, { id, attempt: started.attempt, tracking, stop });
    const versions = await storeOutputs(run, call, { value, intents, signal: stop.signal, tracking });
    outcome = { status: 'completed' };
    const committed = await run.store.commitAttempt({
      id,
      fence: started.fence,
      status: 'completed',
      endedAt: Date.now(),
      versions: versions.map((stored) => stored.version),
      metadata: {},
      cache: 'key' in key,
      outcome,
      willRetry: false,
    });
    for (const [index, version] of committed.entries()) run.handOver.keep(version, versions[index]!.value, versions[index]!.encoded);
    end = {
      status: 'completed',
      id,
      outputs: new Map(committed.map((version) => [version.output ?? 'output', version])),
      returned: { value },
    };
  } catch (error) {
    // A commit that lost its fence has an owner elsewhere: nothing of this attempt may be written any more.
    if (isError(error, FenceLost)) return { status: 'failed', id, outputs: new Map(), error };
    const killed = isError(error, RunKilled) ? error.facts.reason : undefined;
    willRetry = killed === undefined && mayRetry && !run.signal.aborted;
    outcome = killed === undefined ? { status: 'failed', error: describeError(error) } : { status: 'killed', reason: killed };
    await run.store.commitAttempt({
      id,
      fence: started.fence,
      status: outcome.status,
      endedAt: Date.now(),
      error: 'error' in outcome ? outcome.error : ({ name: 'Killed', message: killed! } satisfies RunError),
      versions: [],
      metadata: {},
      cache: false,
      outcome,
      willRetry,
    });
    end = { status: outcome.status, id, outputs: new Map(), error };
  } finally {
    unlink();
  }
  run.tracking.end(id, outcome, Date.now(), willRetry ? successors(identity, started.attempt + 1, trackers) : undefined);
  if (!willRetry) {
    const message = end.error === undefined ? undefined : reasonOf(end.error);
    emit(run, call, {
      status: end.status,
      attempt: started.attempt,
      durationMs: Date.now() - startedAt,
      ...(message !== undefined && { message }),
    });
  }
  await run.tracking.apply();
  return end;
}

/** Loads the inputs and calls the user's function in a context of its own, until it ends, its time is up, or the run is stopped. */
async function perform(
  run: OpenRun,
  call: StepCall,
  attempt: { id: string; attempt: number; tracking: AttemptTracking; stop: AbortController },
): Promise<unknown> {
  const { step, code } = call;
  const inputs = await loadInputs(call);
  const context: StepContext = {
    version: 1,
    pipeline: run.plan.pipeline,
    runId: run.id,
    runName: run.name,
    stepId: step.id,
    stepName: step.name,
    mapIndex: call.mapIndex,
    attempt: attempt.attempt,
    signal: attempt.stop.signal,
    tracking: attempt.tracking,
  };
  const work = stepContext().run(context, async () =>
    Object.keys(inputs).length === 0 ? (code.fn as () => unknown)() : code.fn(inputs as never),
  );
  try {
    return await untilStopped(work, step, attempt.stop);
  } finally {
    // Files that are still being saved belong to this attempt, unless nobody waits for it any more.
    if (!attempt.stop.signal.aborted) await attempt.tracking.settled();
  }
}

async function loadInputs(call: StepCall): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(call.inputs)) {
    try {
      values[name] = await input.load();
    } catch (cause) {
      if (isError(cause, MapNotArray)) throw cause;
      throw new InputNotLoadable({ step: call.step.id, input: name, reason: reasonOf(cause) }, { cause });
    }
  }
  return values;
}

/** The work's result, unless the time is up or somebody stops it first: then its late result is dropped. */
async function untilStopped(work: Promise<unknown>, step: StepSpec, stop: AbortController): Promise<unknown> {
  const { timeoutMs } = step.options;
  let timer: NodeJS.Timeout | undefined;
  if (timeoutMs !== undefined) timer = setTimeout(() => stop.abort(new StepTimeout({ step: step.id, timeoutMs })), timeoutMs);
  try {
    return await untilAborted(work, stop.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** What the work gives, or the signal's reason if it is aborted before; then the work's late end is dropped. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    const settle = (): void => signal.removeEventListener('abort', abort);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        // Code that heeds the signal may throw first: what stopped it is the reason all the same.
        reject((signal.aborted ? signal.reason : error) as Error);
      },
    );
  });
}

/** Aborts `stop` when `signal` is; the returned function ends that. */
function follow(signal: AbortSignal, stop: AbortController): () => void {
  const pass = (): void => stop.abort(signal.reason);
  if (signal.aborted) pass();
  else signal.addEventListener('abort', pass, { once: true });
  return () => signal.removeEventListener('abort', pass);
}

/** A file that a step logged: stored beside the artifacts, under the step run's own folder. */
async function saveLogged(
  run: OpenRun,
  stepRunId: string,
  path: string,
  body: AsyncIterable<Uint8Array> | Uint8Array,
): Promise<{ uri: string; sha256: string; size: number }> {
  const key = `${keyPrefixOf(`${run.plan.pipeline}/logged`, stepRunId)}/${path}`;
  const { size, sha256 } = await run.stack.artifactStore.put(key, body);
  return { uri: run.stack.artifactStore.uri(key), size, sha256 };
}

function successors(identity: StepIdentity, attempt: number, trackers: readonly { component: string }[]): Record<string, string> {
  return Object.fromEntries(trackers.map(({ component }) => [component, trackerRunKey({ ...identity, attempt, component })]));
}
