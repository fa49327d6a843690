import * as types from 'node:util/types';

import { checkKnown } from '../check-known.ts';
import { AsyncBody, BadCondition, StylesMixed } from '../errors.ts';
import { inClassRun } from './class-run-context.ts';
import { currentCompilation, type Compilation } from './compilation.ts';
import { bindInput, checkPlan } from './input-binding.ts';
import type { ConditionSpec, InputSpec, WireSpec } from './pipeline-spec.ts';
import { describeWire, makeWire, outputsState, wireState, type StepOutput } from './wire.ts';

/** What a branch may give: a wire, a list of them, a plain value, or nothing. */
export type BranchResult = void | undefined | null | boolean | number | string | StepOutput<unknown> | readonly StepOutput<unknown>[];

/** The value that a branch's result will be. */
export type BranchValue<R> =
  R extends StepOutput<infer T>
    ? T
    : R extends readonly never[]
      ? never[]
      : R extends readonly StepOutput<infer T>[]
        ? T[]
        : R extends null | boolean | number | string
          ? R
          : undefined;

/** `NoInfer`: what the result is given to says nothing of the branches. */
type WhenResult<A, B> = StepOutput<BranchValue<NoInfer<A>> | BranchValue<NoInfer<B>>>;

/**
 * Branches on a step's output: the steps called in `then` run if it gives true, those in `else` if it gives false; the others are skipped.
 * Both functions run while the pipeline is planned. Gives the wire of either result, or of undefined without `else`.
 *
 * @example
 * const best = when(isBetter({ candidate, current }), { then: () => publish({ model: candidate }), else: () => current });
 *
 * @throws BadCondition, UnknownOption, StylesMixed, AsyncBody, ForeignWire, InputNotStorable
 */
export function when<A extends BranchResult, B extends BranchResult = undefined>(
  condition: StepOutput<boolean>,
  branches: { readonly then: () => A; readonly else?: () => B },
): WhenResult<A, B> {
  const compilation = currentCompilation();
  if (compilation === undefined)
    throw inClassRun() ? new StylesMixed({ what: 'when()' }) : new BadCondition({ reason: 'was called outside a pipeline' });
  const wire = conditionWire(compilation, condition);
  requireBranches(branches);
  const follow = (is: boolean, branch: () => unknown): InputSpec => followBranch(compilation, { ...wire, is }, branch);
  const then = follow(true, branches.then);
  const otherwise = branches.else && follow(false, branches.else);
  const spec: InputSpec = { when: wire, then, ...(otherwise && { else: otherwise }) };
  return makeWire({ plan: compilation, spec }) as WhenResult<A, B>;
}

function requireBranches(branches: { readonly then: unknown; readonly else?: unknown } | null | undefined): void {
  const isWire = wireState(branches) !== undefined || outputsState(branches) !== undefined;
  const given = isWire || branches === null || branches === undefined ? { then: undefined } : branches;
  const { then, else: otherwise } = given;
  const wrong = typeof then !== 'function' ? 'then' : otherwise !== undefined && typeof otherwise !== 'function' ? 'else' : undefined;
  if (wrong !== undefined)
    throw new BadCondition({ reason: `was given no function for "${wrong}": write when(wire, { then: () => ..., else: () => ... })` });
  checkKnown('when()', given, ['then', 'else']);
}

function conditionWire(compilation: Compilation, condition: unknown): WireSpec {
  const state = wireState(condition);
  if (state === undefined) throw new BadCondition({ reason: 'was given something that is not the output of a step' });
  checkPlan(state, { plan: compilation, step: 'when', input: 'condition' });
  if ('from' in state.spec) return state.spec;
  throw new BadCondition({ reason: `was given ${describeWire(state)}, which is not the output of one step: let a step pass it on` });
}

function followBranch(compilation: Compilation, condition: ConditionSpec, branch: () => unknown): InputSpec {
  const result = compilation.underCondition(condition, branch);
  if (types.isPromise(result)) {
    result.catch(() => undefined);
    throw new AsyncBody({ pipeline: compilation.pipeline });
  }
  return bindInput(result, { plan: compilation, step: 'when', input: condition.is ? 'then' : 'else' });
}
