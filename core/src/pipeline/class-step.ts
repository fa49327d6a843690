import { BadStepMethod, StepArguments, StepInsideStep } from '../errors.ts';
import { stepContext } from '../tracking/context.ts';
import { classRunContext } from './class-run-context.ts';
import { definitionSite, type DefinitionSite } from './definition-site.ts';
import { hooksOf } from './hooks.ts';
import type { InputSpec, SettingsLayer, StepSpec } from './pipeline-spec.ts';
import { checkStepId, nextOrdinal, type StepDefinition } from './step-definition.ts';
import { declaredOutputs, mergeSettings, plannedSettings, stepSettings, type StepOptions } from './step-options.ts';
import type { CheckedFunction } from './step-types.ts';

/** A `@step` method, as it stands on its class's prototype. */
export interface ClassStep extends Omit<StepDefinition, 'fn'> {
  /** The method itself. */
  method: (this: object, inputs?: never) => Promise<unknown>;
}

type StepMethod = (inputs: never) => Promise<unknown>;

/** What `@step()` returns: a method decorator, under the standard protocol (TC39) and the older one of TypeScript alike. */
export interface ClassStepDecorator<O = unknown> {
  <F extends StepMethod>(method: F & CheckedFunction<F, O>, context: { kind: 'method'; name: string; private: false; static: false }): void;
  <F extends StepMethod>(
    target: object & { prototype?: never },
    name: string,
    descriptor: TypedPropertyDescriptor<F & CheckedFunction<F, O>>,
  ): void;
}

const MARK = Symbol.for('mortise.class-step.v1');

/** The class step that a function stands for, or undefined. */
export function classStepOf(value: unknown): ClassStep | undefined {
  return typeof value === 'function' ? (value as { [MARK]?: ClassStep })[MARK] : undefined;
}

/** Makes `@step(options)`. Where it was written is found here: when the decorator is applied, the compiler's own helpers are on the stack. */
export function classStepDecorator(options: StepOptions = {}): ClassStepDecorator {
  const site = definitionSite({ wrappers: 'nameless' });
  const decorate = (first: object, second: unknown, third?: PropertyDescriptor): unknown => {
    if (isStandardContext(second)) {
      const wrong = second.kind !== 'method' ? 'is no method' : second.static ? 'is static' : second.private ? 'is private' : undefined;
      if (wrong !== undefined) throw new BadStepMethod({ step: String(second.name), reason: wrong });
      return wrap(String(second.name), first, options, site);
    }
    const name = String(second);
    if (typeof first === 'function') throw new BadStepMethod({ step: name, reason: 'is static' });
    if (third === undefined) throw new BadStepMethod({ step: name, reason: 'is no method' });
    third.value = wrap(name, third.value, options, site);
    return undefined;
  };
  return decorate;
}

function isStandardContext(value: unknown): value is { kind: string; name: string | symbol; static: boolean; private: boolean } {
  return typeof value === 'object' && value !== null && typeof (value as { kind?: unknown }).kind === 'string';
}

function wrap(name: string, method: unknown, options: StepOptions, site: DefinitionSite): unknown {
  if (typeof method !== 'function') throw new BadStepMethod({ step: name, reason: 'is no method' });
  if (name === 'run') throw new BadStepMethod({ step: name, reason: 'has the name of the @pipeline method' });
  if (method.length > 1) throw new StepArguments({ step: name, reason: `has a method of ${method.length} arguments` });
  checkStepId(name);
  const settings = stepSettings(`@step ${name}`, options);
  const step: ClassStep = {
    ...site,
    name,
    method: method as ClassStep['method'],
    settings,
    outputs: declaredOutputs(options),
    hooks: hooksOf(options),
    ordinal: nextOrdinal(site.module, name),
  };
  const wrapper = function (this: unknown, ...args: unknown[]): unknown {
    const running = stepContext().getStore();
    const run = classRunContext().getStore();
    if (running !== undefined) {
      // super.train() inside train: one step, written in two classes. In this.train() it would be the method that `this` has.
      if (running.stepName === name && (this as Record<string, unknown> | undefined)?.[name] !== wrapper)
        return Reflect.apply(method, this, args);
      throw new StepInsideStep({ inner: name, outer: running.stepName });
    }
    if (run === undefined) return Reflect.apply(method, this, args);
    if (args.length > 1) throw new StepArguments({ step: name, reason: `was called with ${args.length} arguments` });
    return run.call(step, this, args[0]);
  };
  Object.defineProperties(wrapper, { name: { value: name }, [MARK]: { value: step } });
  return wrapper;
}

/** One call of a class step, as the plan holds it. */
export function classStepSpec(
  pipeline: { name: string; settings: SettingsLayer | undefined },
  id: string,
  step: ClassStep,
  inputs: Record<string, InputSpec>,
): StepSpec {
  const outputs = step.outputs ?? [{ name: 'output' }];
  return {
    id,
    name: step.name,
    module: step.module,
    inputs,
    outputs: outputs.map((output) => ({ ...output, artifact: output.artifact ?? `${pipeline.name}/${id}/${output.name}` })),
    splitOutputs: step.outputs !== undefined,
    after: [],
    when: [],
    options: plannedSettings(
      pipeline.settings === undefined ? step.settings : mergeSettings({ settings: [pipeline.settings] }, step.settings),
    ),
  };
}
