import { release, type as systemName } from 'node:os';
import { dirname, join } from 'node:path';

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
import { encodeRecord, type WritableRecord } from '../transaction-log/encode-record.ts';
import type { ValueAt } from '../transaction-log/log-record.ts';
import { TransactionLogWriter } from '../transaction-log/transaction-log-writer.ts';
import { OutputLog } from './output-log.ts';
import { PRODUCER } from './producer.ts';
import { recoverRun, type RecoveredRun } from './recover-run.ts';
import { removeLeft } from './remove-left.ts';
import { findRunFolder, makeRunFolder, type RunFolder } from './run-folder.ts';
import type { RunSummary } from '../run-summary.ts';
import type { StepMetrics } from '../step-metrics.ts';
import { lostPaths } from '../nested-value.ts';
import { stageArtifact } from './stage-artifact.ts';
import { UnsyncedFolders } from './unsynced-folders.ts';
import { writeFileBelow } from './write-file.ts';

export interface OfflineRunOptions extends RunStart {
  /** Its folder `wandb` gets a folder for the run. */
  dir: string;
  /**
   * `safeSize` of an earlier process, up to which it knows what was written: what it wrote after that is dropped, to be written anew.
   * Without, all of it is kept.
   */
  size?: number;
  /** What comes behind `size` is kept, as far as it can be read. */
  keepsRest?: boolean;
}

/** The oldest client that can read the format. */
const MIN_CONSUMER = '0.70.0';

/**
 * A run that is kept in the file `run-<id>.wandb`, which `wandb sync` uploads. Opens no socket. Of one run there may be one at a time.
 * @example
 * const run = await OfflineRun.open({ dir: '.', id: 'r1', project: 'wine', config: { lr: 0.1 }, startedAt: Date.now() });
 * run.history([{ _step: 0, _timestamp: Date.now() / 1000, _runtime: 0, loss: 0.5 }]);
 * await run.exit(0, 12);
 */
export class OfflineRun implements RunWriter {
  readonly folder: string;
  /** The transaction log. */
  readonly path: string;
  /** It was begun when it was opened: nothing was there of it. */
  readonly isNew: boolean;
  readonly #folder: RunFolder;
  readonly #output: OutputLog;
  readonly #summary: RunSummary;
  readonly #steps: StepMetrics;
  #run: RunStart;
  #records: number;
  #lastStep: number;
  /** Of the log, to the end of what is kept when writing begins. */
  readonly #kept: number;
  #safeSize: number;
  readonly #earlierSize: number;
  /** Of a log that is to be begun: how metrics are defined in earlier ones. */
  #definitions: readonly MetricDefinition[] | undefined;
  #writer: TransactionLogWriter | undefined;
  #isFolderMade = false;
  readonly #unsynced = new UnsyncedFolders();
  /** It has come to an end, which counts no more when something is added. */
  #hasEnded: boolean;
  #closing: Promise<void> | undefined;

  private constructor(folder: RunFolder, start: RunStart, output: OutputLog, recovered: RecoveredRun) {
    this.folder = folder.path;
    this.path = folder.log;
    this.isNew = recovered.run === undefined;
    this.#folder = folder;
    this.#output = output;
    this.#run = { ...start, ...recovered.run };
    this.#summary = recovered.summary;
    this.#steps = recovered.steps;
    this.#lastStep = recovered.lastStep;
    const { log, earlierSize } = recovered;
    this.#earlierSize = earlierSize;
    this.#safeSize = earlierSize + log.size;
    this.#hasEnded = recovered.hasEnded;
    this.#definitions = log.isBegun ? undefined : [...recovered.definitions.values()];
    const kept = log.beforeExit ?? log;
    this.#kept = kept.size;
    this.#records = kept.records;
  }

  /**
   * Begins a run, or goes on with the one of this id below `dir`, behind the last whole record that it has; it keeps what it began with then.
   * An unfinished record at the end is cut off with the first write. If it was synced since, it gets another folder and log, in which it goes on as one that is
   * resumed. Throws `TransactionLogDamaged` and errors of the file system.
   */
  static async open({ dir, size, keepsRest, resumed: _, ...start }: OfflineRunOptions): Promise<OfflineRun> {
    const folder = await findRunFolder(dir, start.id, start.startedAt);
    const output = new OutputLog(join(folder.files, 'output.log'));
    const recovered = await recoverRun(folder, output, { size, keepsRest });
    await removeLeft(folder, recovered);
    const run = new OfflineRun(folder, start, output, recovered);
    if (recovered.run === undefined) run.#begin();
    await run.flush();
    return run;
  }

  /** Bytes of the log that are on disk, to the end of a record; those of earlier logs are counted, too. */
  get safeSize(): number {
    return this.#safeSize;
  }

  /** `_step` of the last row; -1 before the first one. */
  get lastStep(): number {
    return this.#lastStep;
  }

  /** What it has so far, of earlier processes too. */
  get values(): { config: Readonly<Record<string, unknown>>; summary: Readonly<Record<string, unknown>> } {
    return { config: this.#run.config, summary: this.#summary.values() };
  }

  history(rows: readonly HistoryRow[]): void {
    for (const row of rows.map((given) => this.#steps.filled(given))) {
      this.#append({ kind: 'history', row });
      this.#summary.take(row);
      this.#lastStep = row._step;
    }
  }

  systemMetrics(rows: readonly SystemRow[]): void {
    for (const { _timestamp, _runtime: _, ...values } of rows) this.#append({ kind: 'stats', at: _timestamp * 1_000, values });
  }

  config(update: Readonly<Record<string, unknown>>): void {
    // W&B's own tool puts an object together with the one before it: what that has no more is taken away.
    const remove = Object.entries(update).flatMap(([name, value]) => lostPaths([name], this.#run.config[name], value));
    this.#append({ kind: 'config', update: entriesOf(update), remove });
    this.#run = { ...this.#run, config: { ...this.#run.config, ...update } };
  }

  summary(update: Readonly<Record<string, unknown>>): void {
    this.#append({ kind: 'summary', update: entriesOf(update), remove: [] });
    this.#summary.set(update);
  }

  output(lines: readonly OutputLine[]): void {
    for (const { stream, text, at } of lines) {
      const line = `${text}\n`;
      this.#append({ kind: 'output', stream, at, text: line });
      this.#output.append(line);
    }
  }

  defineMetric(definition: MetricDefinition): void {
    this.#appendDefinition(definition);
    this.#summary.define(definition);
    this.#steps.define(definition);
  }

  describe(description: RunDescription): void {
    this.#run = { ...this.#run, ...description };
    this.#append({ kind: 'run', run: { ...this.#run, config: entriesOf(this.#run.config), telemetry: TELEMETRY } });
  }

  async file(path: string, source: FileSource, signal?: AbortSignal): Promise<void> {
    const written = await writeFileBelow(this.#folder.files, path, source, signal);
    this.#unsynced.add(written.path, this.folder);
    this.#append({ kind: 'files', paths: [path] });
  }

  async artifact(artifact: LoggedArtifact, signal?: AbortSignal): Promise<ArtifactIds> {
    const record = await stageArtifact(artifact, this.#run, this.#folder.staging, signal);
    for (const { localPath } of record.entries) if (localPath !== undefined) this.#unsynced.add(localPath, this.folder);
    this.#append({ kind: 'artifact', artifact: record });
    return { clientId: record.clientId, sequenceClientId: record.sequenceClientId };
  }

  alert(alert: RunAlert): Promise<void> {
    this.#append({ kind: 'alert', alert });
    return Promise.resolve();
  }

  /** Only here what was logged goes to the disk: when that fails, all of it is still in memory, and goes with the next flush. */
  async flush(): Promise<void> {
    if (this.#writer === undefined) return this.#output.write();
    const changes = this.#summary.changes();
    if (changes.length > 0) this.#append({ kind: 'summary', update: changes, remove: [] });
    const { size } = this.#writer;
    if (!this.#isFolderMade) this.#makeFolder();
    this.#output.write();
    await this.#writer.flush();
    await this.#unsynced.sync();
    this.#safeSize = this.#earlierSize + size;
  }

  /** A run that had come to an end and got nothing more keeps that one. */
  async exit(code: number, runtimeSeconds: number): Promise<void> {
    if (!this.#hasEnded && this.#closing === undefined) {
      const runtime = Math.trunc(runtimeSeconds);
      this.#summary.set({ _runtime: runtime });
      const update = [...this.#summary.changes(), { path: ['_wandb', 'runtime'], value: runtime }];
      this.#append({ kind: 'summary', update, remove: [] });
      this.#append({ kind: 'exit', code, runtimeSeconds: runtime });
      this.#hasEnded = true;
    }
    await this.close();
  }

  /**
   * Brings all to disk and lets go of the file, without an end of the run: another process may go on with it. When that fails, it may be called again, as
   * `exit` may.
   */
  close(): Promise<void> {
    return (this.#closing = this.#closing?.catch(() => this.#close()) ?? this.#close());
  }

  async #close(): Promise<void> {
    await this.flush();
    await this.#writer?.close();
  }

  #makeFolder(): void {
    makeRunFolder(this.#folder);
    // With `wandb` itself, which may be new.
    this.#unsynced.add(this.path, dirname(dirname(this.folder)));
    this.#isFolderMade = true;
  }

  /** Begins to write, which is done when there is something to be written. */
  #begin(): TransactionLogWriter {
    const writer = (this.#writer = new TransactionLogWriter(this.path, this.#kept));
    const definitions = this.#definitions;
    this.#definitions = undefined;
    if (definitions !== undefined) this.#tellBeginning(definitions);
    return writer;
  }

  #tellBeginning(definitions: readonly MetricDefinition[]): void {
    const { config, program, host, startedAt, ...run } = this.#run;
    const named = host === undefined ? {} : { host };
    this.#append({ kind: 'header', producer: PRODUCER, minConsumer: MIN_CONSUMER });
    this.#append({ kind: 'run', run: { ...run, ...named, startedAt, config: entriesOf(config), telemetry: TELEMETRY } });
    this.#append({
      kind: 'environment',
      environment: { os: `${systemName()}-${release()}`, startedAt, ...named, ...(program !== undefined && { program }) },
    });
    for (const definition of definitions) this.#appendDefinition(definition);
    this.#summary.tellAnew();
  }

  #appendDefinition(definition: MetricDefinition): void {
    this.#append({ kind: 'metric', definition, stepSync: definition.stepMetric !== undefined });
  }

  #append(record: WritableRecord): void {
    if (this.#closing !== undefined) throw new Error(`the run ${this.#run.id} has ended`);
    const writer = this.#writer ?? this.#begin();
    this.#hasEnded = false;
    this.#records += 1;
    writer.append(encodeRecord(this.#records, record));
  }
}

const TELEMETRY = { offline: true, platform: `${process.platform}-${process.arch}` };

function entriesOf(values: Readonly<Record<string, unknown>>): ValueAt[] {
  return Object.entries(values).map(([name, value]) => ({ path: [name], value }));
}
