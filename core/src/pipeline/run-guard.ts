import type { RunOptions } from '../execution/run-options.ts';
import { stepContext } from '../tracking/context.ts';

/**
 * Set by whoever imports a user's file to find what is in it: a top-level `run()` then does not run, it names its pipeline. Throwing instead would
 * run the file's own `catch` and `finally`.
 */
export interface RunGuard {
  /** `pipeline` is a function-style pipeline or the class of a class-style one. */
  nominate(pipeline: unknown, params: object, options: RunOptions): void;
  /** Told of a top-level call that goes on with an earlier run: it does not, and what is below it is not reached. */
  halt(): void;
}

const KEY = Symbol.for('mortise.guard.v1');

/** The guard that is set in this process and realm. */
export function runGuard(): RunGuard | undefined {
  return (globalThis as { [KEY]?: RunGuard | undefined })[KEY];
}

/** Sets the guard, or takes it away. */
export function setRunGuard(guard: RunGuard | undefined): void {
  (globalThis as { [KEY]?: RunGuard | undefined })[KEY] = guard;
}

/** Under a guard: names the pipeline and gives a promise that never settles. Without one: undefined. */
export function nominated(pipeline: unknown, params: object, options: RunOptions): Promise<never> | undefined {
  return held((guard) => guard.nominate(pipeline, params, options));
}

/** Under a guard: a promise that never settles, for a call that would go on with a run. Without one: undefined. */
export function halted(): Promise<never> | undefined {
  return held((guard) => guard.halt());
}

function held(tell: (guard: RunGuard) => void): Promise<never> | undefined {
  const guard = runGuard();
  // What a step's own code runs is meant to run.
  if (guard === undefined || stepContext().getStore() !== undefined) return undefined;
  tell(guard);
  return new Promise<never>(() => undefined);
}
