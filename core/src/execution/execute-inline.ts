import { ArtifactCorrupt, ArtifactNotFound, ArtifactStoreFailed, BadCondition, InputNotLoadable, isError, MapNotArray } from '../errors.ts';
import type { VersionIntent } from '../store/version-data.ts';
import { stepContext, type StepContext } from '../tracking/context.ts';
import type { AttemptTracking } from '../tracking/run-tracking.ts';
import type { AttemptStop } from './attempt-stop.ts';
import type { OpenRun } from './open-run.ts';
import { reasonOf } from './outcome.ts';
import type { StepCall, StepInput } from './step-call.ts';
import { storeOutputs, type StoredOutput } from './step-outputs.ts';
import { untilStopped } from './until-stopped.ts';

/** What of a run its steps need where they run. */
export type StepSurroundings = Pick<OpenRun, 'id' | 'name'> & {
  plan: Pick<OpenRun['plan'], 'pipeline'>;
  stack: Pick<OpenRun['stack'], 'artifactStore'>;
};

/** A step call whose inputs need only to be loaded. */
export type LoadableCall = Pick<StepCall, 'step' | 'mapIndex'> & {
  code: Pick<StepCall['code'], 'fn'>;
  inputs: Record<string, Pick<StepInput, 'load'>>;
};

/** An attempt that has begun in the store. */
export interface BegunAttempt {
  id: string;
  attempt: number;
  intents: readonly VersionIntent[];
  tracking: AttemptTracking;
  stop: AttemptStop;
}

export interface ExecutedInline {
  outputs: StoredOutput[];
  /** What the function returned. */
  returned: { value: unknown };
}

/** Loads the inputs, calls the user's function in a context of its own, until it ends, its time is up, or the run is stopped, and stores the outputs' bytes. */
export async function executeInline(run: StepSurroundings, call: LoadableCall, attempt: BegunAttempt): Promise<ExecutedInline> {
  const value = await perform(run, call, attempt);
  const { intents, stop, tracking } = attempt;
  return { outputs: await storeOutputs(run, call, { value, intents, signal: stop.signal, tracking }), returned: { value } };
}

async function perform(run: StepSurroundings, call: LoadableCall, attempt: BegunAttempt): Promise<unknown> {
  const { step, code } = call;
  const inputs = await loadInputs(call);
  attempt.stop.signal.throwIfAborted();
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
  const begin = (): Promise<unknown> =>
    stepContext().run(context, async () => (Object.keys(inputs).length === 0 ? (code.fn as () => unknown)() : code.fn(inputs as never)));
  const value = await calledWithFiles(() => untilStopped(begin, step, attempt.stop), attempt);
  // That a promise failed which nobody waits for is told by Node only when this turn of the event loop is over; and so is a signal, where steps compute
  // without a pause.
  await new Promise((resolve) => setImmediate(resolve));
  attempt.stop.signal.throwIfAborted();
  return value;
}

/** Files that are still being saved belong to this attempt, unless nobody waits for it any more. */
async function calledWithFiles<T>(call: () => Promise<T>, { stop, tracking }: BegunAttempt): Promise<T> {
  try {
    return await call();
  } finally {
    if (!stop.signal.aborted) await tracking.settled();
  }
}

async function loadInputs(call: LoadableCall): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(call.inputs)) {
    try {
      values[name] = await input.load();
    } catch (cause) {
      if (isError(cause, MapNotArray) || isError(cause, BadCondition)) throw cause;
      const lost = isError(cause, ArtifactNotFound) || isError(cause, ArtifactCorrupt);
      const mend = isError(cause, ArtifactStoreFailed) ? cause.advice : undefined;
      const facts = { step: call.step.id, input: name, reason: reasonOf(cause), lost, ...(mend !== undefined && { mend }) };
      throw new InputNotLoadable(facts, { cause });
    }
  }
  return values;
}
