import { Heartbeat } from '@mortise/http-client';

import type { Connection } from '../http/connection.ts';
import { graphql } from '../http/graphql.ts';
import type {
  ArtifactIds,
  FileSource,
  HistoryRow,
  LoggedArtifact,
  MetricDefinition,
  OutputLine,
  RunAlert,
  RunDescription,
  RunStart,
  RunWriter,
  SystemRow,
} from '../run-records.ts';
import { RunSummary } from '../run-summary.ts';
import { StepMetrics } from '../step-metrics.ts';
import { fromValueJson, toValueJson } from '../value-json.ts';
import { WandbError } from '../wandb-error.ts';
import type { RunPlace } from '../wandb-urls.ts';
import { uploadArtifact } from './artifact.ts';
import { FileStream } from './file-stream.ts';
import { ALERT } from './operations.ts';
import { resumeStatus, type ResumeStatus } from './resume-status.ts';
import { uploadRunFile } from './run-file.ts';
import { RunHead } from './run-head.ts';
import { againIfChanged } from './unchanged.ts';
import { upsertBucket } from './upsert-bucket.ts';
import { newVendorConfig, type VendorConfig } from './vendor-config.ts';

/**
 * A run at the server. What is logged waits here until `flush`, and goes again to the same place when that failed, so that a lost answer doubles
 * nothing. One process writes at a time; `refresh` takes in what another one wrote.
 */
export class OnlineRun implements RunWriter {
  readonly place: RunPlace;
  readonly displayName: string;
  readonly #connection: Connection;
  readonly #stream: FileStream;
  readonly #head: RunHead;
  #summary = new RunSummary();
  #steps = new StepMetrics();
  #confirmedSummary: ResumeStatus['summary'];
  /** Parts of the summary that were set by hand since. */
  #setByHand: Record<string, unknown> = {};
  #isSummaryNew = false;
  #runtime = 0;
  #lastStep: number;
  #confirmedStep: number;
  #ended = false;
  #heartbeat: Heartbeat | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** Makes the run at the server, or takes it up again when `known` tells of it: then its config is added to, and its tags and notes stay unless given. */
  static async begin(connection: Connection, start: RunStart, known: ResumeStatus | undefined, signal?: AbortSignal): Promise<OnlineRun> {
    const config = { ...known?.config, ...start.config };
    const vendor = newVendorConfig(start);
    const kept: VendorConfig = { ...known?.vendor, ...vendor, m: known?.vendor.m ?? [], e: { ...known?.vendor.e, ...vendor.e } };
    const kind = { notes: start.notes ?? (known?.notes || undefined), tags: start.tags ?? known?.tags };
    const told = { ...start, ...kind, storageId: known?.storageId, config, vendor: kept };
    const { name: id, displayName, project } = await upsertBucket(connection, told, signal);
    return new OnlineRun(
      connection,
      { entity: project.entity.name, project: project.name, id },
      { displayName, config, vendor: kept },
      known,
    );
  }

  /** Goes on with a run that is there, saying nothing. */
  static attach(connection: Connection, place: RunPlace, known: ResumeStatus): OnlineRun {
    const { displayName, config, vendor } = known;
    return new OnlineRun(connection, place, { displayName, config, vendor }, known);
  }

  private constructor(
    connection: Connection,
    place: RunPlace,
    { displayName, config, vendor }: Pick<ResumeStatus, 'displayName' | 'config' | 'vendor'>,
    known: ResumeStatus | undefined,
  ) {
    this.#connection = connection;
    this.place = place;
    this.displayName = displayName;
    this.#head = new RunHead({ config, vendor });
    this.#stream = new FileStream(connection, place, known?.lines ?? { history: 0, events: 0, output: 0 });
    this.#confirmedSummary = known?.summary ?? {};
    this.#restart();
    this.#lastStep = this.#confirmedStep = known?.lastStep ?? -1;
  }

  /** The highest `_step` of its rows, those that wait among them; -1 before the first one. */
  get lastStep(): number {
    return this.#lastStep;
  }

  /** Rows that the server has confirmed. */
  get historyLines(): number {
    return this.#stream.historyLines;
  }

  history(rows: readonly HistoryRow[]): void {
    this.#refuseIfEnded();
    for (const row of rows.map((given) => this.#steps.filled(given))) {
      this.#stream.append('history', toValueJson(row));
      this.#summary.take(row);
      this.#lastStep = row._step;
      this.#runtime = Math.max(this.#runtime, row._runtime);
    }
    this.#isSummaryNew ||= rows.length > 0;
  }

  systemMetrics(rows: readonly SystemRow[]): void {
    this.#refuseIfEnded();
    for (const row of rows) this.#stream.append('events', toValueJson({ _wandb: true, ...row }));
  }

  config(update: Readonly<Record<string, unknown>>): void {
    this.#refuseIfEnded();
    this.#head.config(update);
  }

  summary(update: Readonly<Record<string, unknown>>): void {
    this.#refuseIfEnded();
    this.#summary.set(update);
    Object.assign(this.#setByHand, update);
    this.#isSummaryNew = true;
  }

  output(lines: readonly OutputLine[]): void {
    this.#refuseIfEnded();
    for (const line of lines) this.#stream.output(line);
  }

  defineMetric(definition: MetricDefinition): void {
    this.#refuseIfEnded();
    this.#head.define(definition);
    this.#summary.define(definition);
    this.#steps.define(definition);
  }

  describe(description: RunDescription): void {
    this.#refuseIfEnded();
    this.#head.describe(description);
  }

  async file(path: string, source: FileSource, signal?: AbortSignal): Promise<void> {
    this.#refuseIfEnded();
    await againIfChanged(() => uploadRunFile(this.#connection, { ...this.place, path }, source, signal));
    this.#stream.uploaded(path);
  }

  async artifact(artifact: LoggedArtifact, signal?: AbortSignal): Promise<ArtifactIds> {
    this.#refuseIfEnded();
    return againIfChanged(() => uploadArtifact(this.#connection, this.place, artifact, signal));
  }

  async alert({ title, text, level = 'INFO', waitDuration = 60_000 }: RunAlert, signal?: AbortSignal): Promise<void> {
    this.#refuseIfEnded();
    const { entity: entityName, project: projectName, id: runName } = this.place;
    await graphql(this.#connection, ALERT, { entityName, projectName, runName, title, text, severity: level, waitDuration }, signal);
  }

  flush(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#flush(signal), signal);
  }

  exit(code: number, runtimeSeconds: number, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      await this.rest(signal);
      this.#runtime = runtimeSeconds;
      this.#isSummaryNew = true;
      await this.#flush(signal);
      await this.#stream.complete(code, signal);
      this.#ended = true;
    }, signal);
  }

  /** Takes in what another process wrote to the run since: ours goes behind its lines, and its config and summary stay where we have said nothing else. */
  refresh(signal?: AbortSignal): Promise<ResumeStatus> {
    return this.#inTurn(() => this.#refresh(signal), signal);
  }

  /** Has the server know that the run goes on while nothing is logged, until `exit` or `rest`. */
  keepAlive(everyMs = 30_000): void {
    this.#refuseIfEnded();
    this.#heartbeat ??= new Heartbeat((signal) => this.#stream.beat(signal), everyMs);
  }

  /** This process has no more to do with the run, which has not ended. */
  async rest(signal?: AbortSignal): Promise<void> {
    await this.#heartbeat?.stop(signal);
    this.#heartbeat = undefined;
  }

  async #refresh(signal: AbortSignal | undefined): Promise<ResumeStatus> {
    const status = await resumeStatus(this.#connection, this.place, signal);
    if (status === undefined) throw new WandbError('not-found', `${this.#connection.server} has the run ${this.place.id} no more`);
    this.#stream.moveBehind(status.lines);
    this.#head.takeIn(status);
    this.#confirmedSummary = status.summary;
    this.#confirmedStep = Math.max(status.lastStep ?? -1, this.#confirmedStep);
    this.#lastStep = Math.max(this.#confirmedStep, this.#lastStep);
    this.#restoreSummary(status.summary);
    return status;
  }

  /** Forgets what waits, such as what the server refuses. Of the summary, what was set by hand stays. */
  discard(): void {
    this.#stream.discard();
    this.#head.discard();
    this.#restart();
    this.#summary.set(this.#setByHand);
    this.#lastStep = this.#confirmedStep;
  }

  /** Of what is sent each line has one place: two do not send at once. */
  #inTurn<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const turn = this.#last.then(() => {
      signal?.throwIfAborted();
      return work();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #flush(signal: AbortSignal | undefined): Promise<void> {
    await this.#head.tell(this.#connection, this.place, signal);
    const isNew = this.#isSummaryNew;
    if (isNew) this.#stream.summary(this.#summaryLine());
    this.#isSummaryNew = false;
    const setByHand = this.#setByHand;
    this.#setByHand = {};
    try {
      await this.#stream.send(signal);
    } catch (error) {
      this.#isSummaryNew = true;
      this.#setByHand = { ...setByHand, ...this.#setByHand };
      throw error;
    }
    this.#confirmedStep = this.#lastStep;
    // Rows that came meanwhile are there, too.
    if (isNew || this.#isSummaryNew) this.#confirmedSummary = fromValueJson(this.#summaryLine()) as ResumeStatus['summary'];
  }

  /** From what the server has. */
  #restart(): void {
    this.#summary = new RunSummary();
    this.#steps = new StepMetrics();
    for (const definition of this.#head.definitions) {
      this.#summary.define(definition);
      this.#steps.define(definition);
    }
    this.#restoreSummary(this.#confirmedSummary);
  }

  #restoreSummary({ _wandb: own, ...values }: ResumeStatus['summary']): void {
    this.#summary.resume(values, (own as { sums?: Record<string, [number, number]> } | undefined)?.sums);
    this.#steps.resume(values);
    const { runtime } = (own ?? {}) as { runtime?: unknown };
    if (typeof runtime === 'number') this.#runtime = Math.max(this.#runtime, runtime);
  }

  #summaryLine(): string {
    const runtime = Math.floor(this.#runtime);
    const sums = this.#summary.sums();
    const own = { runtime, ...(Object.keys(sums).length > 0 && { sums }) };
    return toValueJson({ ...this.#summary.values(), _runtime: runtime, _wandb: own });
  }

  #refuseIfEnded(): void {
    if (this.#ended) throw new WandbError('invalid', `The run ${this.place.id} has ended`);
  }
}
