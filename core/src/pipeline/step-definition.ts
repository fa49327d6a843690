import { BadStepId, StepArguments } from '../errors.ts';
import { definitionSite, type DefinitionSite } from './definition-site.ts';
import { hooksOf, type StepHooks } from './hooks.ts';
import type { StepSettings } from './pipeline-spec.ts';
import { declaredOutputs, stepSettings, type DeclaredOutput, type StepOptions } from './step-options.ts';
import type { StepFunction } from './step-types.ts';

/** A step as it was written down: what runs it, and where its source is. */
export interface StepDefinition extends DefinitionSite {
  name: string;
  /** The user's function: takes the object of inputs. */
  fn: StepFunction;
  settings: StepSettings;
  /** Undefined: one output called `output`, whatever its shape. */
  outputs: DeclaredOutput[] | undefined;
  hooks: StepHooks | undefined;
  /** How many steps of this name its module had defined before it; of one made in a body, how many for the same plan. */
  ordinal: number;
  /** It was made in the body of a pipeline, anew for each plan. */
  inBody?: true;
}

const STEP_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const KEY = Symbol.for('mortise.step-ordinals.v1');

/** @throws BadStepId */
export function checkStepId(id: unknown): asserts id is string {
  if (typeof id !== 'string' || !STEP_ID.test(id)) throw new BadStepId({ id: String(id) });
}

/**
 * Checks what a step is made of, and finds on the stack where the user's code defines it. `ordinals` are those of the plan whose body makes it.
 * @throws BadStepId, StepArguments, UnknownOption, BadOption
 */
export function defineStep(name: string, fn: StepFunction, options: StepOptions, ordinals?: Map<string, number>): StepDefinition {
  checkStepId(name);
  if (typeof fn !== 'function') throw new StepArguments({ step: name, reason: 'was made without a function' });
  if (fn.length > 1) throw new StepArguments({ step: name, reason: `has a function of ${fn.length} arguments` });
  const site = definitionSite();
  const settings = stepSettings(`step "${name}"`, options);
  return {
    ...site,
    name,
    fn,
    settings,
    outputs: declaredOutputs(options),
    hooks: hooksOf(options),
    ordinal: nextOrdinal(site.module, name, ordinals),
  };
}

/** 0 for the first step of this name that a module defines, then 1, ...; counted for all copies of this package. */
export function nextOrdinal(module: string, name: string, counts = ordinalsOfProcess()): number {
  const key = `${module}\n${name}`;
  const ordinal = counts.get(key) ?? 0;
  counts.set(key, ordinal + 1);
  return ordinal;
}

function ordinalsOfProcess(): Map<string, number> {
  const place = globalThis as { [KEY]?: Map<string, number> };
  return (place[KEY] ??= new Map());
}
