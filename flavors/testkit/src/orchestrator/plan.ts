import type { InputSpec, PipelineSpec, StepSpec } from '@mortise/core';

/** The output of a step as an input. */
export const from = (id: string): InputSpec => ({ from: id, output: 'output' });

/** A step as a plan holds it. */
export function step(id: string, inputs: Record<string, InputSpec> = {}, more: Partial<StepSpec> = {}): StepSpec {
  const outputs = [{ name: 'output', artifact: `testkit/${id}/output` }];
  return { id, name: id, module: 'testkit.ts', inputs, outputs, splitOutputs: false, after: [], when: [], options: {}, ...more };
}

/** Steps in an order in which they could run one after another. */
export function plan(...steps: StepSpec[]): PipelineSpec {
  return { specVersion: 1, pipeline: 'testkit', style: 'function', module: 'testkit.ts', params: {}, steps };
}

export const many = (count: number, make: (index: number) => StepSpec): StepSpec[] => Array.from({ length: count }, (_, i) => make(i));
