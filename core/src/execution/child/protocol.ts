import type { StepSpec } from '../../pipeline/pipeline-spec.ts';
import type { Project } from '../../project/project.ts';
import type { FlavorDescriptor } from '../../stack/flavor.ts';
import type { Part } from '../../stack/make-component.ts';
import type { ProducedVersion, VersionIntent } from '../../store/version-data.ts';
import type { StoredInput } from '../step-call.ts';
import type { CodeOrigin } from './code-origin.ts';
import type { SentError } from './sent-error.ts';

/** The messages between a run and its step processes. They go from memory to memory, and may hold values of secrets. */

/** What a step process is for, sent once. */
export interface Preparation {
  kind: 'prepare';
  /** Process id of the run's process: the child ends when that is gone. */
  parent: number;
  origin: CodeOrigin;
  run: { id: string; name: string; pipeline: string };
  project: Project;
  /** References in its config are resolved. */
  artifactStore: { part: Part<'artifact-store'>; descriptor: FlavorDescriptor };
  /** Where it logs: a segment of its own in the run's folder. */
  log: { folder: string; writer: string };
}

/** One attempt of one step. A step process has one at a time. */
export interface StepTask {
  kind: 'step';
  /** Step run id. */
  id: string;
  attempt: number;
  step: StepSpec;
  mapIndex: number | undefined;
  /** What its code must be, so that another one is never run in its place. */
  code: { module: string; ordinal: number; inBody: boolean };
  inputs: Record<string, StoredInput>;
  /** The variables of its `cacheEnv`, which the run may have changed since the process was started; null: not set. */
  env: Record<string, string | null>;
  intents: readonly VersionIntent[];
  trackerRuns: { component: string; flavor: string }[];
}

/** What is known of an open tracker run, or why it is not open. */
export type TrackerRunAnswer = { env: Record<string, string>; url: string | undefined } | { error: SentError };

export type ToChild =
  | Preparation
  /** To be masked from now on in all that is written there. Sent before whatever may tell them. */
  | { kind: 'secrets'; values: readonly string[] }
  | StepTask
  | { kind: 'abort'; id: string; reason: SentError }
  | { kind: 'url'; id: string; component: string; url: string }
  | { kind: 'opened'; request: number; answer: TrackerRunAnswer };

export type FromChild =
  | { kind: 'ready'; heapLimitMb: number }
  | { kind: 'unprepared'; error: SentError }
  | { kind: 'done'; id: string; versions: ProducedVersion[]; undeclared: string[] }
  | { kind: 'failed'; id: string; error: SentError }
  /** Something was written to the event log. */
  | { kind: 'logged' }
  | { kind: 'open'; request: number; id: string; component: string }
  /** An error in what a step left behind, after its end. */
  | { kind: 'stray'; step: string; error: SentError };

/** A message as it is sent to the run: code of the user may send others through the same channel. */
export interface SentToRun {
  mortise: FromChild;
}
