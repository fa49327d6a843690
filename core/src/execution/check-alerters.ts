import { AlerterNotInStack } from '../errors.ts';
import type { Hooks } from '../pipeline/hooks.ts';
import { alertersNamed } from '../pipeline/notify.ts';
import type { AssembledStack } from '../stack/assembled-stack.ts';

/** Hooks, and whose they are: `step "train"`. */
export interface OwnedHooks {
  of: string;
  hooks: Hooks<never> | undefined;
}

/** The hooks of a pipeline and of its steps. */
export function allHooks(
  pipeline: { name: string; hooks: Hooks<never> | undefined },
  steps: Iterable<{ name: string; hooks: Hooks<never> | undefined }>,
): OwnedHooks[] {
  const ofSteps = Array.from(steps, ({ name, hooks }) => ({ of: `step "${name}"`, hooks }));
  return [{ of: `pipeline "${pipeline.name}"`, hooks: pipeline.hooks }, ...ofSteps];
}

/**
 * Looks whether the stack has the alerters that `notify` hooks name.
 * @throws AlerterNotInStack
 */
export function checkAlerters({ alerters, snapshot }: Pick<AssembledStack, 'alerters' | 'snapshot'>, hooks: readonly OwnedHooks[]): void {
  const available = alerters.map(({ name }) => name);
  for (const { of, hooks: owned } of hooks) {
    const missing = owned && alertersNamed(owned).find((name) => !available.includes(name));
    if (missing !== undefined) throw new AlerterNotInStack({ of, alerter: missing, stack: snapshot.name, available });
  }
}
