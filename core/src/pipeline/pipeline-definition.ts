import type { DefinitionSite } from './definition-site.ts';
import type { PipelineHooks } from './hooks.ts';
import type { DeclaredParams } from './param-values.ts';
import type { StepSettings, TrackerErrorPolicy } from './pipeline-spec.ts';

/** A function-style pipeline as it was written down. */
export interface PipelineDefinition extends DefinitionSite, DeclaredParams {
  /** Takes params (values) and inputs (wires), calls steps, and returns wires or nothing. */
  body: (params: never, inputs: never) => unknown;
  /** What holds for all of its steps unless they say otherwise. */
  defaults: StepSettings;
  hooks: PipelineHooks | undefined;
  onTrackerError: TrackerErrorPolicy | undefined;
  /** How many pipelines of this name its module had defined before it. */
  ordinal: number;
}
