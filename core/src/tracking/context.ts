import { AsyncLocalStorage } from 'node:async_hooks';
import type { AttemptTracking } from './run-tracking.ts';

/** What a step's own code runs in. One per attempt; parallel steps never share one. */
export interface StepContext {
  version: 1;
  pipeline: string;
  runId: string;
  runName: string;
  stepId: string;
  stepName: string;
  /** Index of the item of a mapped step. */
  mapIndex: number | undefined;
  attempt: number;
  /** Aborted by a timeout, a cancel, a signal to the process. */
  signal: AbortSignal;
  tracking: AttemptTracking;
}

const KEY = Symbol.for('mortise.context.v1');

/** The one context of this process and realm, shared by all copies of this package. */
export function stepContext(): AsyncLocalStorage<StepContext> {
  const place = globalThis as { [KEY]?: AsyncLocalStorage<StepContext> };
  return (place[KEY] ??= new AsyncLocalStorage<StepContext>());
}
