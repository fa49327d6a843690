import type { InputSpec, StepSpec } from './pipeline-spec.ts';

/** Ids of the steps that a step waits for: those its inputs come from, `after`, and its conditions. Each once. */
export function dependenciesOf(step: StepSpec): Set<string> {
  const ids = new Set<string>(step.after);
  for (const condition of step.when) ids.add(condition.from);
  for (const input of Object.values(step.inputs)) collectSources(input, ids);
  return ids;
}

/** Adds the ids of the steps that an input comes from. */
export function collectSources(input: InputSpec, into: Set<string>): void {
  if ('from' in input) into.add(input.from);
  else if ('list' in input) for (const item of input.list) collectSources(item, into);
  else if ('when' in input) {
    into.add(input.when.from);
    collectSources(input.then, into);
    if (input.else) collectSources(input.else, into);
  }
}
