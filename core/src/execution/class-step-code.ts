import type { ClassPipeline } from '../pipeline/class-pipeline.ts';
import type { ClassStep } from '../pipeline/class-step.ts';
import { callOnFrozen, type InstanceSource } from './frozen-instance.ts';
import type { StepCode } from './step-call.ts';

/** The code of a class step: its method, called on an instance of its own. */
export function classStepCode({ Class, written }: ClassPipeline, source: InstanceSource, step: ClassStep): StepCode {
  return {
    fn: (...inputs: never[]) => callOnFrozen(source, `step "${step.name}"`, step.method, inputs),
    written: step.method,
    module: step.module,
    frames: [...step.frames, ...(written?.frames ?? [])],
    insideFunction: step.insideFunction ?? written?.insideFunction,
    ...(step.bundled && { bundled: step.bundled }),
    ordinal: step.ordinal,
    hooks: step.hooks,
    on: { id: written?.id ?? Class.name, module: written?.module },
  };
}
