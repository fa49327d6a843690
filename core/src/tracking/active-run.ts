import { NotInRun, NotTracked } from '../errors.ts';
import type { NativeOf } from '../stack/define-flavor.ts';
import type { Flavor } from '../stack/flavor.ts';
import { stepContext, type StepContext } from './context.ts';
import type { LoggedEvent } from './experiment-tracker.ts';
import {
  datasetEvent,
  defineMetricEvent,
  figureEvent,
  jsonEvent,
  logMetricValues,
  noteEvent,
  paramsEvent,
  tableEvent,
  tagsEvent,
  type LoggedDataset,
  type MetricDefinition,
  type MetricOptions,
} from './log-calls.ts';
import { logFile, logFolder, type ArtifactOptions } from './log-files.ts';
import type { AttemptTracking, TrackerHandle } from './run-tracking.ts';

/**
 * The run that the calling code is part of: one attempt of one step. What is logged is durable when the call returns, whatever becomes of
 * the process or the experiment trackers. Wrong input throws `BadLogValue` at once. Outside a run nothing is recorded.
 */
export interface ActiveRun<Native = unknown> {
  /** Id of the step run. Empty outside a run, as the names below. */
  readonly runId: string;
  /** Name of the pipeline run. */
  readonly runName: string;
  readonly pipeline: string;
  readonly stepId: string;
  /** Of a mapped step: index of the item. */
  readonly mapIndex: number | undefined;
  /** From 1. */
  readonly attempt: number;
  /** Aborted by a timeout, a cancel or a signal to the process. */
  readonly signal: AbortSignal;
  /** Page of the first tracker run, as soon as it is known. */
  readonly url: string | undefined;

  /** Values may be any JSON, dates, typed arrays. */
  logParam(name: string, value: unknown): void;
  logParams(values: Record<string, unknown>): void;
  logMetric(name: string, value: number, options?: MetricOptions): void;
  /** Metrics of one moment. NaN and infinities are kept. */
  logMetrics(values: Record<string, number>, options?: MetricOptions): void;
  /** How a metric is summed up and drawn. */
  defineMetric(name: string, definition?: MetricDefinition): void;
  /** `null` removes the tag. */
  setTag(name: string, value: string | number | boolean | null): void;
  setTags(values: Record<string, string | number | boolean | null>): void;
  /** The run's note, in Markdown. */
  setNote(markdown: string): void;
  logJson(name: string, value: unknown): void;
  /** A Plotly, Vega or Vega-Lite figure as JSON. */
  logFigure(name: string, figure: unknown): void;
  logTable(name: string, rows: readonly Record<string, unknown>[]): void;
  logDataset(dataset: LoggedDataset): void;
  /** Stores a file, or bytes, in the stack's artifact store. */
  logArtifact(source: string | URL | Uint8Array, options?: ArtifactOptions): Promise<void>;
  /** Stores every file below a folder; a symbolic link is refused. */
  logArtifacts(folder: string | URL, options?: ArtifactOptions): Promise<void>;

  /**
   * Variables with which a spawned process logs into the same tracker runs: `spawn('python', args, { env: { ...process.env, ...(await run.env()) } })`.
   * Empty for a step that is not tracked. Waits for the trackers a limited time, then throws `TrackerUnavailable`.
   */
  env(): Promise<Record<string, string>>;
  /** The tracker's own handle. What is written through it is not kept by Mortise. Throws `NotTracked`, `TrackerUnavailable`, `NotInRun`. */
  native(): Promise<Native>;
}

/**
 * The run that the calling code is part of; with a flavor, `native()` is typed by it and gives that tracker's handle.
 * @example
 * const run = activeRun();
 * run.logParams({ lr, epochs });
 * run.logMetrics({ loss, accuracy }, { step: epoch });
 */
export function activeRun(): ActiveRun;
export function activeRun<F extends Flavor<'experiment-tracker'>>(flavor: F): ActiveRun<NativeOf<F>>;
export function activeRun(flavor?: Flavor): ActiveRun {
  const context = stepContext().getStore();
  if (context === undefined) warnOnce();
  return new ContextRun(context, flavor === undefined ? undefined : askedFlavor(flavor));
}

/** What is given for a flavor and is none, as JavaScript lets people do, is looked for by what it says: it stands for no other tracker. */
function askedFlavor(flavor: unknown): string {
  if (typeof flavor === 'string') return flavor;
  const { name } = (flavor ?? {}) as { name?: unknown };
  return typeof name === 'string' ? name : JSON.stringify(flavor);
}

let warned = false;
function warnOnce(): void {
  if (warned) return;
  warned = true;
  process.stderr.write('mortise: activeRun() was called outside a run: nothing is recorded\n');
}

const NEVER_ABORTED = new AbortController().signal;

class ContextRun implements ActiveRun {
  readonly #context: StepContext | undefined;
  readonly #flavor: string | undefined;

  constructor(context: StepContext | undefined, flavor: string | undefined) {
    this.#context = context;
    this.#flavor = flavor;
  }

  get runId(): string {
    return this.#context?.tracking.runId ?? '';
  }
  get runName(): string {
    return this.#context?.runName ?? '';
  }
  get pipeline(): string {
    return this.#context?.pipeline ?? '';
  }
  get stepId(): string {
    return this.#context?.stepId ?? '';
  }
  get mapIndex(): number | undefined {
    return this.#context?.mapIndex;
  }
  get attempt(): number {
    return this.#context?.attempt ?? 0;
  }
  get signal(): AbortSignal {
    return this.#context?.signal ?? NEVER_ABORTED;
  }
  get url(): string | undefined {
    return this.#context?.tracking.trackerRuns[0]?.url;
  }

  logParam(name: string, value: unknown): void {
    // Among several, undefined is a value left open; alone it was meant to be recorded.
    this.#log(() => paramsEvent('logParam', { [name]: value ?? null }));
  }
  logParams(values: Record<string, unknown>): void {
    this.#log(() => paramsEvent('logParams', values));
  }
  logMetric(name: string, value: number, options?: MetricOptions): void {
    if (this.#context !== undefined) logMetricValues(this.#context.tracking, 'logMetric', { [name]: value }, options);
  }
  logMetrics(values: Record<string, number>, options?: MetricOptions): void {
    if (this.#context !== undefined) logMetricValues(this.#context.tracking, 'logMetrics', values, options);
  }
  defineMetric(name: string, definition: MetricDefinition = {}): void {
    this.#log(() => defineMetricEvent('defineMetric', name, definition));
  }
  setTag(name: string, value: string | number | boolean | null): void {
    this.#log(() => tagsEvent('setTag', { [name]: value }));
  }
  setTags(values: Record<string, string | number | boolean | null>): void {
    this.#log(() => tagsEvent('setTags', values));
  }
  setNote(markdown: string): void {
    this.#log(() => noteEvent('setNote', markdown));
  }
  logJson(name: string, value: unknown): void {
    this.#log(() => jsonEvent('logJson', name, value));
  }
  logFigure(name: string, figure: unknown): void {
    this.#log(() => figureEvent('logFigure', name, figure));
  }
  logTable(name: string, rows: readonly Record<string, unknown>[]): void {
    this.#log(() => tableEvent('logTable', name, rows));
  }
  logDataset(dataset: LoggedDataset): void {
    this.#log(() => datasetEvent('logDataset', dataset));
  }
  logArtifact(source: string | URL | Uint8Array, options: ArtifactOptions = {}): Promise<void> {
    return this.#save((tracking) => logFile(tracking, 'logArtifact', source, options));
  }
  logArtifacts(folder: string | URL, options: ArtifactOptions = {}): Promise<void> {
    return this.#save((tracking) => logFolder(tracking, 'logArtifacts', folder, options));
  }

  async env(): Promise<Record<string, string>> {
    const opened = await Promise.all((this.#context?.tracking.trackerRuns ?? []).map((run) => run.opened()));
    // The first tracker has the last word on a variable that two of them set.
    return Object.assign({}, ...opened.map(({ env }) => env).reverse()) as Record<string, string>;
  }

  async native(): Promise<unknown> {
    if (this.#context === undefined) throw new NotInRun({ call: 'activeRun().native()' });
    const { native } = await this.#trackerRun(this.#context).opened();
    return native;
  }

  #trackerRun({ stepId, tracking }: StepContext): TrackerHandle {
    const flavor = this.#flavor;
    const found = flavor === undefined ? tracking.trackerRuns[0] : tracking.trackerRuns.find((run) => run.flavor === flavor);
    if (found !== undefined) return found;
    const trackers = tracking.trackerRuns.map(({ component, flavor: of }) => ({ component, flavor: of }));
    throw new NotTracked({ step: stepId, what: flavor === undefined ? 'any experiment tracker' : `the flavor "${flavor}"`, trackers });
  }

  /** That a file could not be saved because its step was stopped is no error of its own: only who waits for it hears of it. */
  #save(save: (tracking: AttemptTracking) => Promise<void>): Promise<void> {
    if (this.#context === undefined) return Promise.resolve();
    const { tracking, signal } = this.#context;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    tracking.pending(save(tracking)).then(resolve, (error: Error) => {
      if (signal.aborted) promise.catch(() => undefined);
      reject(error);
    });
    return promise;
  }

  #log(event: () => LoggedEvent): void {
    this.#context?.tracking.append(event());
  }
}
