/**
 * What a pipeline's author, a flavor's author and a program that runs pipelines use.
 * @module @mortise/core
 */
export { pipeline, step } from './pipeline/authoring.ts';
export {
  isPipelineClass,
  runPipeline,
  type ClassPipelineDecorator,
  type ClassPipelineOptions,
  type PipelineClass,
} from './pipeline/class-pipeline.ts';
export type { ClassStepDecorator } from './pipeline/class-step.ts';
export type { CompiledPipeline } from './pipeline/compile.ts';
export { isPipeline, type Pipeline, type TypedPipeline } from './pipeline/pipeline.ts';
export type { GivenParams, PipelineOptions, ResultOf } from './pipeline/pipeline-types.ts';
export { resumeRun } from './pipeline/resume.ts';
export type * from './pipeline/pipeline-spec.ts';
export { dependenciesOf } from './pipeline/dependencies.ts';
export { hasEnded } from './pipeline/pipeline-spec.ts';
export type {
  OutputDeclaration,
  ReadonlyJson,
  RetryOptions,
  SettingsOption,
  SettingsValues,
  StepDefaults,
  StepOptions,
  SystemMetricsOptions,
} from './pipeline/step-options.ts';
export type { AlertOptions, HookAlert, PipelineHookEvent, PipelineHooks, StepHookEvent, StepHooks } from './pipeline/hooks.ts';
export { notify, type HookEvent, type NotifyOptions } from './pipeline/notify.ts';
export type { CallOptions, MappedInputs, SharedArguments, StepResult } from './pipeline/step-types.ts';
export type { StepDefinition } from './pipeline/step-definition.ts';
export { isStep, type Step } from './pipeline/step.ts';
export { when } from './pipeline/when.ts';
export type { StepOutput, Wire } from './pipeline/wire.ts';

export { activeRun, type ActiveRun } from './tracking/active-run.ts';
export type { LoggedDataset, MetricDefinition, MetricOptions } from './tracking/log-calls.ts';
export type { ArtifactOptions } from './tracking/log-files.ts';
export { SampleNames, type NamedSample, type SampleName, type SampleTable } from './tracking/sample-names.ts';
export { tracked, type TrackedOutput } from './tracking/tracked-output.ts';
export type * from './import/run-importer.ts';
export type * from './tracking/experiment-tracker.ts';

export { makeFolder } from './make-folder.ts';
export { shellWord } from './shell-word.ts';

export { file, type FileArtifact } from './artifacts/file-artifact.ts';
export { folder, type FolderArtifact } from './artifacts/folder-artifact.ts';
export { stream, type StreamArtifact, type StreamSource } from './artifacts/stream-artifact.ts';
export type * from './artifacts/artifact-store.ts';
export { checkKey, compareKeys } from './artifacts/artifact-key.ts';
export type { ArtifactReader, ArtifactWriter, Materializer } from './artifacts/materializer.ts';
export { registerMaterializer } from './artifacts/materializers.ts';

export { SEVERITIES, type Alert, type Alerter, type Severity } from './stack/alerter.ts';
export { COMPONENT_TYPES, type ComponentType, type ComponentTypeRow, type ComponentTypes } from './stack/component-types.ts';
export { defineFlavor, isFlavor, type DefinedFlavor, type NativeOf } from './stack/define-flavor.ts';
export type { ComponentContext, ConfigSchema, Flavor, Logger, StackOutline, StandardResult, StandardSchema } from './stack/flavor.ts';
export { settingsFor, type SettingsOf } from './stack/settings-for.ts';
export type { TrackerSettings } from './tracking/tracker-settings.ts';
export type { ExecutionMode, LocalExecution, OrchestratedRun, Orchestrator } from './stack/orchestrator.ts';

export type { FinishedRun } from './execution/end-run.ts';
export type { RunOptions, StepEvent } from './execution/run-options.ts';
export { DEFAULT_CONCURRENCY, schedulePlan } from './execution/schedule-plan.ts';

export * from './client/index.ts';
