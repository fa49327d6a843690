import { DecoratorNotCalled, NameMissing } from '../errors.ts';
import { classPipelineDecorator, type ClassPipelineDecorator, type ClassPipelineOptions } from './class-pipeline.ts';
import { classStepDecorator, type ClassStepDecorator } from './class-step.ts';
import type { NamedParams } from './pipeline-types.ts';
import { pipeline as functionPipeline } from './pipeline.ts';
import type { KnownOptions } from './step-types.ts';
import type { StepOptions } from './step-options.ts';
import { step as functionStep } from './step.ts';

interface StepDecoratorFactory {
  /** `@step()`, `@step(options)`: makes a method of a pipeline class a step. */
  <const O extends StepOptions>(options?: O & KnownOptions<O>): ClassStepDecorator<O>;
}

interface PipelineDecoratorFactory {
  /** `@pipeline()`, `@pipeline({ params, name })`: marks the method `run` of a pipeline class. */
  <P extends object = Record<never, never>>(options?: ClassPipelineOptions<P> & NamedParams<P>): ClassPipelineDecorator<P>;
}

/** A step: `step('train', fn)` in function style, `@step()` on a method in class style. */
export const step = ((...args: unknown[]) => {
  if (typeof args[0] === 'string') return (functionStep as (...all: unknown[]) => unknown)(...args);
  requireDecoratorCall('step', args);
  return classStepDecorator(args[0] as StepOptions | undefined);
}) as StepDecoratorFactory & typeof functionStep;

/** A pipeline: `pipeline('wine', body)` in function style, `@pipeline()` on the method `run` in class style. */
export const pipeline = ((...args: unknown[]) => {
  if (typeof args[0] === 'string') return (functionPipeline as (...all: unknown[]) => unknown)(...args);
  requireDecoratorCall('pipeline', args);
  return classPipelineDecorator(args[0] as ClassPipelineOptions | undefined);
}) as PipelineDecoratorFactory & typeof functionPipeline;

/** `@step` in place of `@step()` would leave a method that is no step, and a function without a name a decorator: neither is said by Node, which only takes types away. */
function requireDecoratorCall(kind: 'step' | 'pipeline', args: unknown[]): void {
  const [, second] = args;
  const context = second as { kind?: unknown; name?: unknown } | null | undefined;
  if (typeof second === 'string' || typeof second === 'symbol') throw new DecoratorNotCalled({ decorator: kind, method: String(second) });
  if (typeof context?.kind === 'string') throw new DecoratorNotCalled({ decorator: kind, method: String(context.name) });
  if (args.some((arg) => typeof arg === 'function')) throw new NameMissing({ kind });
}
