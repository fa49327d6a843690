import type { InputRecord, MetricSummary, RunRecord, StepRunRecord, TrackerRunRecord, VersionRecord } from '../store/metadata-store.ts';
import type { AttemptView, InputView, MetricView, NumberView, OutputView, PipelineRun, StepView, TrackerRunView } from './pipeline-run.ts';

/** ms since the epoch → ISO 8601 UTC with ms. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
export const isoTimeOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : isoTime(ms));

/** A number as JSON holds it: NaN and infinities are strings. */
export function numberView(value: number): NumberView {
  return Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity');
}

/** What the store holds of a run, all attempts of its steps, and the URI of each output's version (null: its artifact store cannot be opened here). */
export function pipelineRunView(
  run: RunRecord,
  stepRuns: readonly StepRunRecord[],
  uriOf: (version: VersionRecord) => string | null,
): PipelineRun {
  const trackerRunView = trackerRunViewer([...run.trackerRuns, ...stepRuns.flatMap((stepRun) => stepRun.trackerRuns)]);
  const { git } = run.environment;
  return {
    id: run.id,
    name: run.name,
    pipeline: run.pipeline,
    experiment: run.experiment,
    status: run.status,
    error: run.error ?? null,
    warnings: run.warnings,
    stack: run.stack,
    params: run.params,
    tags: run.tags,
    startedAt: isoTime(run.startedAt),
    endedAt: isoTimeOrNull(run.endedAt),
    git: git === undefined ? null : { commit: git.commit, branch: git.branch ?? null, dirty: git.dirty },
    user: run.environment.user ?? null,
    host: run.environment.host,
    command: run.environment.command,
    runMetadata: run.metadata,
    trackerRuns: run.trackerRuns.map(trackerRunView),
    steps: Object.fromEntries(attemptsByStep(run, stepRuns).map(([key, attempts]) => [key, stepView(attempts, uriOf, trackerRunView)])),
  };
}

/** `each[2]` for an item of a mapped step. */
function stepKey({ stepId, mapIndex }: StepRunRecord): string {
  return mapIndex === undefined ? stepId : `${stepId}[${mapIndex}]`;
}

/** Attempts of each step by its key: steps in the order of the plan, items by index, attempts as they were made. */
function attemptsByStep(run: RunRecord, stepRuns: readonly StepRunRecord[]): [string, StepRunRecord[]][] {
  const place = new Map(run.spec.steps.map((step, index) => [step.id, index]));
  const placeOf = (stepRun: StepRunRecord): number => place.get(stepRun.stepId) ?? place.size;
  const ordered = stepRuns.toSorted((a, b) => placeOf(a) - placeOf(b) || (a.mapIndex ?? 0) - (b.mapIndex ?? 0) || a.attempt - b.attempt);
  return [...Map.groupBy(ordered, stepKey)];
}

function stepView(
  attempts: readonly StepRunRecord[],
  uriOf: (version: VersionRecord) => string | null,
  trackerRunView: TrackerRunViewer,
): StepView {
  const last = attempts.at(-1)!;
  const { params, metrics, tags } = last.tracked;
  return {
    status: last.status,
    attempt: last.attempt,
    cached: last.status === 'cached',
    params: Object.fromEntries(Object.entries(last.inputs).flatMap(([name, input]) => ('value' in input ? [[name, input.value]] : []))),
    startedAt: isoTime(attempts[0]!.startedAt),
    endedAt: isoTimeOrNull(last.endedAt),
    runMetadata: last.metadata,
    inputs: Object.fromEntries(Object.entries(last.inputs).map(([name, input]) => [name, inputView(input)])),
    outputs: Object.fromEntries(last.outputs.map((version) => [version.output ?? 'output', outputView(version, uriOf)])),
    error: last.error ?? null,
    reason: last.reason ?? last.notCached ?? null,
    attempts: attempts.map((attempt) => attemptView(attempt, trackerRunView)),
    tracker: { params, metrics: Object.fromEntries(Object.entries(metrics).map(([name, summary]) => [name, metricView(summary)])), tags },
  };
}

function attemptView(stepRun: StepRunRecord, trackerRunView: TrackerRunViewer): AttemptView {
  return {
    attempt: stepRun.attempt,
    status: stepRun.status,
    startedAt: isoTime(stepRun.startedAt),
    endedAt: isoTimeOrNull(stepRun.endedAt),
    error: stepRun.error ?? null,
    trackerRuns: stepRun.trackerRuns.map(trackerRunView),
  };
}

function inputView(input: InputRecord): InputView {
  if ('value' in input) return { value: input.value };
  if ('list' in input) return input.list.map(inputView);
  const { artifact, version, item } = input;
  return item === undefined ? { artifact, version } : { artifact, version, item };
}

function outputView(version: VersionRecord, uriOf: (version: VersionRecord) => string | null): OutputView {
  return { artifact: version.artifact, version: version.version, uri: uriOf(version), sha256: version.sha256, size: version.size };
}

function metricView({ last, lastStep, min, max, count }: MetricSummary): MetricView {
  return { last: numberView(last), lastStep, min: numberView(min), max: numberView(max), count };
}

type TrackerRunViewer = (trackerRun: TrackerRunRecord) => TrackerRunView;

/** A superseded tracker run names its successor by key, people know it by the tracker's own id: `all` are those among which it is found. */
function trackerRunViewer(all: readonly TrackerRunRecord[]): TrackerRunViewer {
  const idByKey = new Map(all.map((trackerRun) => [trackerRun.key, trackerRun.ref?.id ?? trackerRun.key]));
  return ({ component, flavor, ref, status, desired, lastError, supersededBy }) => ({
    component,
    flavor,
    id: ref?.id ?? null,
    url: ref?.url ?? null,
    status,
    delivered: desired !== undefined && status === desired.status,
    error: lastError ?? null,
    supersededBy: supersededBy === undefined ? null : (idByKey.get(supersededBy) ?? supersededBy),
  });
}
