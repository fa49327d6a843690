import type { InputSpec, PipelineSpec } from '../pipeline/pipeline-spec.ts';
import {
  isAnythingSecret,
  redact,
  redactError,
  redactJson,
  redactMetadata,
  redactOutcome,
  redactRef,
  redactTagged,
} from '../secrets/redaction.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { NewRun } from './run-data.ts';
import type { InputRecord } from './step-data.ts';

/** Operations that write, and what becomes of the arguments of each. */
type Masks = {
  [Name in keyof MetadataStore as MetadataStore[Name] extends (...args: never[]) => unknown ? Name : never]?: MetadataStore[Name] extends (
    ...args: infer Args
  ) => unknown
    ? (...args: Args) => Args
    : never;
};

/** What people and other systems said or passed. Names and ids, by which things are found again, stay, as do configs and settings, which hold references. */
const masks: Masks = {
  createRun: (run) => [redactNewRun(run)],
  addPastRun: (run) => [{ ...redactNewRun(run), outcome: redactOutcome(run.outcome), warnings: redactJson(run.warnings) }],
  resumeRun: ({ spec, ...resume }) => [{ ...resume, ...(spec && { spec: redactSpec(spec) }) }],
  finishRun: ({ error, warnings, outcome, spec, ...run }) => [
    {
      ...run,
      warnings: redactJson(warnings),
      outcome: redactOutcome(outcome),
      ...(error && { error: redactError(error) }),
      ...(spec && { spec: redactSpec(spec) }),
    },
  ],
  sweepRun: ({ outcome, ...sweep }) => [{ ...sweep, outcome: redactOutcome(outcome) }],
  addWarnings: (runId, warnings) => [runId, redactJson(warnings)],
  startAttempt: ({ inputs, ...attempt }) => [{ ...attempt, inputs: redactInputs(inputs) }],
  commitAttempt: ({ error, metadata, outcome, versions, ...commit }) => [
    {
      ...commit,
      metadata: redactMetadata(metadata),
      ...(outcome && { outcome: redactOutcome(outcome) }),
      versions: versions.map((version) => ({ ...version, metadata: redactMetadata(version.metadata) })),
      ...(error && { error: redactError(error) }),
    },
  ],
  commitLooseVersion: (runId, version) => [runId, { ...version, metadata: redactMetadata(version.metadata) }],
  settleSteps: (steps) => [
    steps.map(({ inputs, reason, outcome, ...step }) => ({
      ...step,
      inputs: redactInputs(inputs),
      ...(outcome && { outcome: redactOutcome(outcome) }),
      ...(reason !== undefined && { reason: redact(reason) }),
    })),
  ],
  putMetadata: (runId, values) => [runId, redactMetadata(values)],
  updateTrackerRun: ({ ref, lastError, rejected, metadata, ...update }) => [
    {
      ...update,
      ...(ref && { ref: redactRef(ref) }),
      ...(lastError !== undefined && { lastError: lastError === null ? null : redact(lastError) }),
      ...(rejected && { rejected: rejected.map((event) => ({ ...event, why: redact(event.why) })) }),
      ...(metadata && { metadata: redactMetadata(metadata) }),
    },
  ],
  noteFlavorProblem: (type, name, problem) => [type, name, problem && { ...problem, reason: redact(problem.reason) }],
};

/** A store that is given no value of a secret that this process knows. */
export function redactedWrites(store: MetadataStore): MetadataStore {
  const redacted = { ...store };
  for (const name of Object.keys(masks) as (keyof typeof masks)[]) maskArguments(redacted, name);
  return redacted;
}

function maskArguments<Name extends keyof typeof masks>(store: MetadataStore, name: Name): void {
  type Operation = (...args: unknown[]) => unknown;
  const operation = store[name] as Operation;
  const mask = masks[name] as ((...args: unknown[]) => unknown[]) | undefined;
  const masked: Operation = (...args) => operation(...(mask !== undefined && isAnythingSecret() ? mask(...args) : args));
  Object.assign(store, { [name]: masked });
}

function redactNewRun<Run extends Omit<NewRun, 'name'>>(run: Run): Run {
  const { params, tags, spec, environment } = run;
  return {
    ...run,
    params: redactJson(params),
    tags: redactJson(tags),
    spec: redactSpec(spec),
    environment: {
      ...environment,
      command: redactJson(environment.command),
      ...(environment.file !== undefined && { file: redact(environment.file) }),
    },
  };
}

/** A plain input may be anything that somebody passed; the version of an artifact is a name. */
function redactInput(input: InputRecord): InputRecord {
  if ('value' in input) return { value: redactTagged(input.value) };
  return 'list' in input ? { list: input.list.map(redactInput) } : input;
}

function redactInputs(inputs: { [name: string]: InputRecord }): { [name: string]: InputRecord } {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, redactInput(input)]));
}

function redactSpec(spec: PipelineSpec): PipelineSpec {
  const steps = spec.steps.map((step) => ({
    ...step,
    inputs: Object.fromEntries(Object.entries(step.inputs).map(([name, input]) => [name, redactWire(input)])),
  }));
  return { ...spec, params: redactJson(spec.params), steps };
}

function redactWire(input: InputSpec): InputSpec {
  if ('value' in input) return { value: redactTagged(input.value) };
  if ('list' in input) return { list: input.list.map(redactWire) };
  if (!('when' in input)) return input;
  return { ...input, then: redactWire(input.then), ...(input.else && { else: redactWire(input.else) }) };
}
