import { removeCopiesOfStep } from '../artifacts/copies-of-step.ts';
import { BadCondition, InputNotLoadable, isError, MapNotArray } from '../errors.ts';
import type { VersionIntent } from '../store/version-data.ts';
import { stepContext, type StepContext } from '../tracking/context.ts';
import type { AttemptTracking } from '../tracking/run-tracking.ts';
import type { AttemptStop } from './attempt-stop.ts';
import type { OpenRun } from './open-run.ts';
import { inputNotLoadable } from './input-not-loadable.ts';
import type { StepCall, StepInput } from './step-call.ts';
import { storeOutputs, undeclaredOutputs, type StoredOutput } from './step-outputs.ts';
import { unlessStopped, withinLimit } from './until-stopped.ts';

/** What of a run its steps need where they run. */
export type StepSurroundings = Pick<OpenRun, 'id' | 'name'> & {
  plan: Pick<OpenRun['plan'], 'pipeline'>;
  stack: Pick<OpenRun['stack'], 'artifactStore'>;
};

/** A step call whose inputs need only to be loaded. */
export type LoadableCall = Pick<StepCall, 'step' | 'mapIndex'> & {
  code: Pick<StepCall['code'], 'fn' | 'written'>;
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
  /** Names of what it returned beside its declared outputs. */
  undeclared: string[];
}

/**
 * Loads the inputs, calls the user's function in a context of its own, until it ends, its time is up, or the run is stopped, and stores the outputs' bytes,
 * which a returned stream's own code makes only then: in the same context and the same time.
 */
export async function executeInline(run: StepSurroundings, call: LoadableCall, attempt: BegunAttempt): Promise<ExecutedInline> {
  const { stop } = attempt;
  const loaded: unknown[] = [];
  const underWay: Promise<unknown>[] = [];
  const begun = <T>(work: Promise<T>): Promise<T> => {
    underWay.push(work);
    return unlessStopped(work, stop);
  };
  const perform = async (inTime: () => void): Promise<ExecutedInline> => {
    const inputs = await begun(loadInputs(call, loaded, stop));
    inTime();
    const code = (): Promise<unknown> => begun(calledWithFiles(call, inputs, attempt.tracking));
    return stepContext().run(contextOf(run, call, attempt), () => performed(run, call, attempt, code, inTime));
  };
  try {
    return await withinLimit(perform, call.step, stop);
  } finally {
    // Code that was stopped, and is not waited for, may still read them.
    const removal = Promise.allSettled(underWay).then(() => removeCopiesOfStep(loaded));
    if (!stop.signal.aborted) await removal;
  }
}

function contextOf(run: StepSurroundings, { step, mapIndex }: LoadableCall, { attempt, stop, tracking }: BegunAttempt): StepContext {
  return {
    version: 1,
    pipeline: run.plan.pipeline,
    runId: run.id,
    runName: run.name,
    stepId: step.id,
    stepName: step.name,
    mapIndex,
    attempt,
    signal: stop.signal,
    tracking,
  };
}

async function performed(
  run: StepSurroundings,
  call: LoadableCall,
  { intents, stop, tracking }: BegunAttempt,
  code: () => Promise<unknown>,
  inTime: () => void,
): Promise<ExecutedInline> {
  const value = await code();
  // That a promise failed which nobody waits for is told by Node only when this turn of the event loop is over; and so is a signal, where steps compute
  // without a pause.
  await new Promise((resolve) => setImmediate(resolve));
  inTime();
  const outputs = await storeOutputs(run, call, { value, intents, signal: stop.signal, tracking });
  return { outputs, returned: { value }, undeclared: undeclaredOutputs(call.step, value) };
}

/** Files that are still being saved belong to this attempt. */
async function calledWithFiles({ code }: LoadableCall, inputs: Record<string, unknown>, tracking: AttemptTracking): Promise<unknown> {
  try {
    // Given none, a default of the function's own for all of them counts; without one it takes them apart.
    const none = Object.keys(inputs).length === 0 && (code.written ?? code.fn).length === 0;
    return await (none ? (code.fn as () => unknown)() : code.fn(inputs as never));
  } finally {
    await tracking.settled();
  }
}

/** `loaded` gets each as soon as it is there, for others may fail. */
async function loadInputs(call: LoadableCall, loaded: unknown[], stop: AttemptStop): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(call.inputs)) {
    try {
      values[name] = await input.load(stop.signal);
      loaded.push(values[name]);
    } catch (cause) {
      if (isError(cause, MapNotArray) || isError(cause, BadCondition) || isError(cause, InputNotLoadable)) throw cause;
      throw inputNotLoadable(call.step.id, name, cause);
    }
  }
  return values;
}
