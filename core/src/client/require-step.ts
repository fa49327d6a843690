import { nearest, UnknownStep } from '../errors.ts';
import type { RunRecord } from '../store/run-data.ts';
import type { StepIdentity } from '../store/step-data.ts';

/** `each[2]` for an item of a mapped step. */
export function stepName({ stepId, mapIndex }: Pick<StepIdentity, 'stepId' | 'mapIndex'>): string {
  return mapIndex === undefined ? stepId : `${stepId}[${mapIndex}]`;
}

/** `whole`: a mapped step may be named without an item. Throws `UnknownStep`. */
export function requireStep(
  step: string,
  run: RunRecord,
  attempts: readonly Pick<StepIdentity, 'stepId' | 'mapIndex'>[],
  { whole = false } = {},
): void {
  const begun = new Set(attempts.map(({ stepId }) => stepId));
  const planned = run.spec.steps.map(({ id }) => id);
  const known = new Set([...planned.filter((id) => whole || !begun.has(id)), ...(whole ? begun : []), ...attempts.map(stepName)]);
  if (!known.has(step)) throw new UnknownStep({ run: run.name, step, nearest: nearest(step, known) });
}
