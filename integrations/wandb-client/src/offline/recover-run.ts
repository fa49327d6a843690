import { setNested } from '../nested-value.ts';
import type { MetricDefinition, RunStart } from '../run-records.ts';
import { RunSummary } from '../run-summary.ts';
import { StepMetrics } from '../step-metrics.ts';
import { decodeRecord } from '../transaction-log/decode-record.ts';
import type { LogRecord, ValueAt } from '../transaction-log/log-record.ts';
import { TransactionLogDamaged } from '../transaction-log/transaction-log-damaged.ts';
import { TransactionLogReader } from '../transaction-log/transaction-log-reader.ts';
import { isCode } from './error-code.ts';
import type { OutputLog } from './output-log.ts';
import type { RunFolder } from './run-folder.ts';

/** What a run's logs hold of it so far, for one who goes on with it. */
export class RecoveredRun {
  readonly summary = new RunSummary();
  readonly steps = new StepMetrics();
  readonly definitions = new Map<string, MetricDefinition>();
  /** Paths of its files. */
  readonly files = new Set<string>();
  /** Where the copies of its artifacts' files were put. */
  readonly staged = new Set<string>();
  /** Undefined if no log says how the run began. */
  run: RunStart | undefined;
  /** -1 before the first row. */
  lastStep = -1;
  /** Bytes of its earlier logs. */
  earlierSize = 0;
  /** Of its latest log, which alone is written to. */
  log: RecoveredLog = NO_LOG;
  hasEnded = false;

  take(record: LogRecord): void {
    switch (record.kind) {
      case 'run': {
        const { config, ...run } = record.run;
        this.run = { ...run, config: { ...this.run?.config, ...withUpdate({}, config) } };
        return;
      }
      case 'config':
        if (this.run) this.run = { ...this.run, config: withUpdate({ ...this.run.config }, record.update) };
        return;
      case 'metric':
        this.summary.define(record.definition);
        this.steps.define(record.definition);
        this.definitions.set(record.definition.name, record.definition);
        return;
      case 'history':
        this.summary.take(this.steps.filled(record.row));
        this.lastStep = Number(record.row['_step']);
        return;
      case 'summary':
        this.summary.takeStored(record.update);
        return;
      case 'files':
        for (const path of record.paths) this.files.add(path);
        return;
      case 'artifact':
        for (const { localPath } of record.artifact.entries) if (localPath !== undefined) this.staged.add(localPath);
        return;
      default:
    }
  }
}

export interface RecoveredLog {
  /** To the end of the last whole record, and how many there are. */
  size: number;
  records: number;
  /** It says how the run began: without, it is of no use. */
  isBegun: boolean;
  /** Before the run's end, if it has come to one. */
  beforeExit?: { size: number; records: number } | undefined;
}

const NO_LOG: RecoveredLog = { size: 0, records: 0, isBegun: false };

/** How far a run's logs are read, in bytes, those of earlier logs counted. */
export interface RecoveredPart {
  /** What must be whole. Default: all. */
  size?: number | undefined;
  /** Also what comes behind `size`, as far as it can be read. */
  keepsRest?: boolean | undefined;
}

/**
 * Reads a run's logs; its console goes into `output`. Of files that are not there nothing is known. Throws `TransactionLogDamaged` and errors of the file
 * system.
 */
export async function recoverRun(
  { log, earlier }: RunFolder,
  output: OutputLog,
  { size = Infinity, keepsRest = false }: RecoveredPart = {},
): Promise<RecoveredRun> {
  const recovered = new RecoveredRun();
  for (const path of earlier) {
    const read = await recoverLog(path, recovered, () => undefined);
    recovered.earlierSize += read.size;
    recovered.hasEnded = read.beforeExit !== undefined;
  }
  const ofLatest = { size: size - recovered.earlierSize, keepsRest };
  recovered.log = await recoverLog(log, recovered, (text) => output.recover(text), ofLatest);
  if (recovered.log.isBegun) recovered.hasEnded = recovered.log.beforeExit !== undefined;
  return recovered;
}

async function recoverLog(
  path: string,
  recovered: RecoveredRun,
  onOutput: (text: string) => void,
  { size = Infinity, keepsRest = false }: RecoveredPart = {},
): Promise<RecoveredLog> {
  let log = NO_LOG;
  try {
    for await (const { bytes, end } of new TransactionLogReader(path).records()) {
      if (end > size && !keepsRest) break;
      const record = decodeRecord(bytes);
      recovered.take(record);
      if (record.kind === 'output') onOutput(record.text);
      const beforeExit = record.kind === 'exit' ? { size: log.size, records: log.records } : undefined;
      log = { size: end, records: log.records + 1, isBegun: log.isBegun || record.kind === 'run', beforeExit };
    }
  } catch (error) {
    // Where a machine went down, anything may stand behind what it had brought to the disk.
    const isBehind = error instanceof TransactionLogDamaged && error.offset >= size;
    if (!isBehind && !isCode(error, 'ENOENT')) throw error;
  }
  return log.isBegun ? log : NO_LOG;
}

function withUpdate(config: Record<string, unknown>, update: readonly ValueAt[]): Record<string, unknown> {
  for (const { path, value } of update) setNested(config, path, value);
  return config;
}
