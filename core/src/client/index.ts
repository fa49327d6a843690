/**
 * The light entry: what reads and edits a project. Whatever runs pipelines, validates configs or loads components is imported when it is needed.
 * @module @mortise/core/client
 */
import type { FilePipelines } from './file-pipelines.ts';

export { Client, type ArtifactVersion, type ProjectStatus } from './client.ts';
export type { GarbageOptions, GarbageReport } from './collect-garbage.ts';
export type { Amount } from '../artifacts/garbage.ts';
export type { DeletedRunView } from './delete-run.ts';
export type { RunDeliveryOptions, RunsDelivered } from './deliver-runs.ts';
export type { FailedImport, ImportedRunView, ImportProgress, ImportReport, ImportRunsOptions } from '../import/import-runs.ts';
export type { ClientOptions } from './project-client.ts';
export type { FilePipeline, FilePipelines, Nomination, RunsUnderGuard } from './file-pipelines.ts';
export type * from './listings.ts';
export type { NamingStep } from './naming-steps.ts';
export type * from './pipeline-run.ts';
export type { RevealedSecret, SecretView, WrittenSecret } from './secret-client.ts';
export type { LogOptions, StepLog } from './step-logs.ts';
export type { RefusedEvents, RefusedOfRun, SetAsideEvent } from './set-aside.ts';
export type { DeliveryOptions, DeliveryReport, TrackerStatus } from './tracker-work.ts';
export type { CancelledRun } from '../execution/cancel-run.ts';
export type { ResumeOptions } from '../execution/resume-run.ts';
export * from '../errors.ts';
export type { Json, JsonObject } from '../json.ts';
export type { RunStatus, StepStatus } from '../pipeline/pipeline-spec.ts';
export type { RunOptions, StepEvent } from '../execution/run-options.ts';
export type { TrackerWait } from '../tracking/run-tracking.ts';
export { findProject } from '../project/find-project.ts';
export { initProject, type InitResult } from '../project/init-project.ts';
export type { Project } from '../project/project.ts';
export { COMPONENT_TYPES, type ComponentType, type ComponentTypeRow } from '../stack/component-types.ts';
export type { ComponentConfigOptions } from '../stack/component-config.ts';
export type { ExecutionMode } from '../stack/orchestrator.ts';
export type { ConfigKey, FlavorDescriptor } from '../stack/flavor.ts';
export type { FlavorModule } from '../stack/current-flavor.ts';
export type { FlavorOptions, NewFlavor, RefreshedFlavor } from '../stack/flavor-registry.ts';
export type { SecretValues } from '../secrets/seal.ts';
export type { SecretChange } from '../secrets/secret-registry.ts';
export type { LabelChange } from '../stack/labels.ts';
export type { ImportedStack } from './stack-client.ts';
export type { ImportOptions } from '../stack/import-stack.ts';
export type { ExportedComponent, ExportedFlavor, OmittedKey, StackDocument } from '../stack/stack-document.ts';
export type { StackParts } from '../stack/stack-parts.ts';
export type { ComponentValidation, StackValidation, ValidateOptions } from '../stack/validate-stack.ts';
export type { ComponentEdit, NewComponent, StackEdit } from '../stack/stack-registry.ts';
export type { ComponentQuery, PageRequest, RunQuery, SecretQuery, Sort, StackQuery, VersionQuery } from '../store/queries.ts';
export type { MetadataValue, RunError } from '../store/run-data.ts';
export type { Labels, StackSnapshot } from '../store/stack-data.ts';

/** How to find the pipelines of a file. Loads what runs them. */
export const filePipelines = (): Promise<FilePipelines> => import('./file-pipelines.ts');
