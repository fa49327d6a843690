import { classPipelineDecorator, type ClassPipelineDecorator, type ClassPipelineOptions } from './class-pipeline.ts';
import { classStepDecorator, type ClassStepDecorator } from './class-step.ts';
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
  <P extends Record<string, unknown> = Record<never, never>>(options?: ClassPipelineOptions<P>): ClassPipelineDecorator<P>;
}

/** A step: `step('train', fn)` in function style, `@step()` on a method in class style. */
export const step = ((...args: unknown[]) =>
  typeof args[0] === 'string'
    ? (functionStep as (...all: unknown[]) => unknown)(...args)
    : classStepDecorator(args[0] as StepOptions | undefined)) as StepDecoratorFactory & typeof functionStep;

/** A pipeline: `pipeline('wine', body)` in function style, `@pipeline()` on the method `run` in class style. */
export const pipeline = ((...args: unknown[]) =>
  typeof args[0] === 'string'
    ? (functionPipeline as (...all: unknown[]) => unknown)(...args)
    : classPipelineDecorator(args[0] as ClassPipelineOptions | undefined)) as PipelineDecoratorFactory & typeof functionPipeline;
