import { PipelineCycle } from '../errors.ts';
import { dependenciesOf } from './dependencies.ts';
import type { StepSpec } from './pipeline-spec.ts';

/**
 * The steps so that each comes after all it waits for, otherwise in the given order.
 * @throws PipelineCycle
 */
export function orderSteps(pipeline: string, steps: readonly StepSpec[]): StepSpec[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const placed = new Set<StepSpec>();
  const entered: StepSpec[] = [];

  const place = (step: StepSpec): void => {
    if (placed.has(step)) return;
    const start = entered.indexOf(step);
    if (start !== -1) throw new PipelineCycle({ pipeline, steps: [...entered.slice(start), step].map(({ id }) => id) });
    entered.push(step);
    for (const id of dependenciesOf(step)) place(byId.get(id)!);
    entered.pop();
    placed.add(step);
  };

  for (const step of steps) place(step);
  return [...placed];
}
