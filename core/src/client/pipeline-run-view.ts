import { plainJson } from '../artifacts/plain-json.ts';
import { maskConfig } from '../secrets/component-secrets.ts';
import type { RunRecord } from '../store/run-data.ts';
import type { StackSnapshot } from '../store/stack-data.ts';
import type { InputRecord, StepRunRecord } from '../store/step-data.ts';
import type { MetricSummary, TrackedSummary, TrackerRunRecord } from '../store/tracking-data.ts';
import type { VersionRecord } from '../store/version-data.ts';
import { shownSettings } from './shown-settings.ts';
import type {
  AttemptView,
  InputView,
  MetricView,
  NumberView,
  OutputView,
  PipelineRun,
  StepView,
  TrackedView,
  TrackerRunView,
} from './pipeline-run.ts';

/** ms since the epoch → ISO 8601 UTC with ms. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
export const isoTimeOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : isoTime(ms));

/** A number as JSON holds it: NaN and infinities are strings. */
export function numberView(value: number): NumberView {
  return Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity');
}

/** Without the secret values that were stored as they are. */
function shownSnapshot({ name, components }: StackSnapshot): StackSnapshot {
  return {
    name,
    components: components.map(({ inClear = [], config, ...component }) => ({ ...component, config: maskConfig(config, inClear) })),
  };
}

/** What the store holds of a run, all attempts of its steps, and the URI of each output's version (null: its artifact store cannot be opened here). */
export function pipelineRunView(
  run: RunRecord,
  stepRuns: readonly StepRunRecord[],
  uriOf: (version: VersionRecord) => string | null,
): PipelineRun {
  const trackerRunView = trackerRunViewer([...run.trackerRuns, ...stepRuns.flatMap((stepRun) => stepRun.trackerRuns)]);
  const { git } = run.environment;
  const stepViews = (): PipelineRun['steps'] => {
    const settingsOf = shownSettings(run);
    const views = attemptsByStep(run, stepRuns).map(({ key, stepId, attempts }) => {
      return [key, { ...stepView(attempts, uriOf, trackerRunView), settings: settingsOf(stepId) }] as const;
    });
    return Object.fromEntries(views);
  };
  let steps: PipelineRun['steps'] | undefined;
  return {
    id: run.id,
    name: run.name,
    pipeline: run.pipeline,
    experiment: run.experiment,
    status: run.status,
    error: run.error ?? null,
    warnings: run.warnings,
    stack: shownSnapshot(run.stack),
    params: run.params,
    tags: run.tags,
    startedAt: isoTime(run.startedAt),
    endedAt: isoTimeOrNull(run.endedAt),
    git: git === undefined ? null : { commit: git.commit, branch: git.branch ?? null, dirty: git.dirty },
    user: run.environment.user ?? null,
    host: run.environment.host,
    node: run.environment.node,
    packages: run.environment.packages,
    command: run.environment.command,
    runMetadata: run.metadata,
    trackerRuns: run.trackerRuns.map(trackerRunView),
    // Made when somebody looks: for a long run it is most of the work, and many callers want no more than its status.
    get steps() {
      return (steps ??= stepViews());
    },
  };
}

/** `each[2]` for an item of a mapped step. */
function stepKey({ stepId, mapIndex }: StepRunRecord): string {
  return mapIndex === undefined ? stepId : `${stepId}[${mapIndex}]`;
}

/**
 * Attempts of each step by its key: steps in the order of the plan, items by index, attempts as they were made. A step that a run under way has not come
 * to yet has none.
 */
function attemptsByStep(run: RunRecord, stepRuns: readonly StepRunRecord[]): { key: string; stepId: string; attempts: StepRunRecord[] }[] {
  const byStep = new Map<string, StepRunRecord[]>(run.status === 'running' ? run.spec.steps.map(({ id }) => [id, []]) : []);
  const place = new Map(run.spec.steps.map((step, index) => [step.id, index]));
  const placeOf = (stepRun: StepRunRecord): number => place.get(stepRun.stepId) ?? place.size;
  const ordered = stepRuns.toSorted((a, b) => placeOf(a) - placeOf(b) || (a.mapIndex ?? 0) - (b.mapIndex ?? 0) || a.attempt - b.attempt);
  for (const [id, ofStep] of Map.groupBy(ordered, ({ stepId }) => stepId)) byStep.set(id, ofStep);
  return [...byStep].flatMap(([stepId, ofStep]) => {
    if (ofStep.length === 0) return [{ key: stepId, stepId, attempts: [] }];
    return [...Map.groupBy(ofStep, stepKey)].map(([key, attempts]) => ({ key, stepId, attempts }));
  });
}

const QUEUED: Omit<StepView, 'settings'> = {
  status: 'queued',
  attempt: 0,
  cached: false,
  params: {},
  startedAt: null,
  endedAt: null,
  runMetadata: {},
  inputs: {},
  outputs: {},
  error: null,
  reason: null,
  attempts: [],
  tracker: { params: {}, metrics: {}, tags: {}, note: null, artifacts: [], documents: [] },
};

function stepView(
  attempts: readonly StepRunRecord[],
  uriOf: (version: VersionRecord) => string | null,
  trackerRunView: TrackerRunViewer,
): Omit<StepView, 'settings'> {
  const last = attempts.at(-1);
  if (last === undefined) return QUEUED;
  return {
    status: last.status,
    attempt: last.attempt,
    cached: last.status === 'cached',
    params: Object.fromEntries(
      Object.entries(last.inputs).flatMap(([name, input]) => ('value' in input ? [[name, plainJson(input.value)]] : [])),
    ),
    startedAt: isoTime(attempts[0]!.startedAt),
    endedAt: isoTimeOrNull(last.endedAt),
    runMetadata: last.metadata,
    inputs: Object.fromEntries(Object.entries(last.inputs).map(([name, input]) => [name, inputView(input)])),
    outputs: Object.fromEntries(last.outputs.map((version) => [version.output ?? 'output', outputView(version, uriOf)])),
    error: last.error ?? null,
    reason: last.reason ?? last.notCached ?? null,
    attempts: attempts.map((attempt) => attemptView(attempt, trackerRunView)),
    tracker: trackedView(last.tracked),
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
  if ('value' in input) return { value: plainJson(input.value) };
  if ('list' in input) return input.list.map(inputView);
  const { artifact, version, item } = input;
  return item === undefined ? { artifact, version } : { artifact, version, item };
}

function outputView(version: VersionRecord, uriOf: (version: VersionRecord) => string | null): OutputView {
  return { artifact: version.artifact, version: version.version, uri: uriOf(version), sha256: version.sha256, size: version.size };
}

function trackedView({ params, metrics, tags, note, artifacts, documents }: TrackedSummary): TrackedView {
  return {
    params,
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, summary]) => [name, metricView(summary)])),
    tags,
    note: note ?? null,
    artifacts,
    documents,
  };
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
