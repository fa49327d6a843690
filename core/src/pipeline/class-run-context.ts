import { AsyncLocalStorage } from 'node:async_hooks';

import { stepContext } from '../tracking/context.ts';
import type { ClassStep } from './class-step.ts';

/** A run of a class-style pipeline that is under way: what a `@step` method calls. */
export interface ClassRunContext {
  /** `receiver` is what the method was called on. */
  call(step: ClassStep, receiver: unknown, inputs: unknown): Promise<unknown>;
}

const KEY = Symbol.for('mortise.class-run.v1');

/** The class run that code belongs to; shared by all copies of this package. */
export function classRunContext(): AsyncLocalStorage<ClassRunContext> {
  const place = globalThis as { [KEY]?: AsyncLocalStorage<ClassRunContext> };
  return (place[KEY] ??= new AsyncLocalStorage<ClassRunContext>());
}

/** True for code of the `run()` of a class, outside of its steps. */
export function inClassRun(): boolean {
  return classRunContext().getStore() !== undefined && stepContext().getStore() === undefined;
}
