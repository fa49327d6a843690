import type { Outcome } from '@mortise/core';
import { readTransactionLog, type LoggedRun, type LogRecord, type ValueAt } from '@mortise/wandb-client';

import { ConsoleLines } from './console-lines.ts';
import { failureOf } from './failure-of.ts';
import type { RunLog } from './run-logs.ts';

/** What the logs of a run say of it as a whole. */
export interface RunHead extends Omit<LoggedRun, 'config' | 'resumed' | 'telemetry'> {
  config: Record<string, unknown>;
  /** The program that began it, with its version. */
  client?: string;
  endedAt?: number;
  /** Undefined if it has not come to an end. */
  outcome?: Outcome;
}

/** Takes time, and says nothing of the run as a whole. */
const ROWS = ['history', 'stats', 'summary'] as const;
/** Of the end of what a run wrote to its console, as many lines are kept as a traceback may have. */
const LAST_LINES = 300;

/** Whose a log is, from its first records; undefined if it does not get that far. Throws what reading throws. */
export async function runOfLog({ path }: RunLog, signal: AbortSignal): Promise<LoggedRun | undefined> {
  for await (const record of readTransactionLog(path, { signal, skip: ROWS })) if (record.kind === 'run') return record.run;
  return undefined;
}

/**
 * Reads the logs of a run, of which one that was resumed, or joined by another program, has several. Undefined if none of them says whose it is. What
 * is damaged is passed over in silence: it is told when the events are read.
 */
export async function readRunHead(logs: readonly RunLog[], signal: AbortSignal): Promise<RunHead | undefined> {
  let head: RunHead | undefined;
  const parts: RunPart[] = [];
  for (const { path } of logs) {
    const reader = new PartReader(head);
    for await (const record of readTransactionLog(path, { signal, skip: ROWS, onDamage: () => undefined })) reader.take(record);
    head = reader.head;
    parts.push(reader.part);
  }
  return head && { ...head, ...endOf(parts) };
}

/** When one log begins and ends. */
interface RunPart {
  startedAt: number;
  end?: { endedAt: number; outcome: Outcome };
}

/** How the part ended that did so last, unless one began after it and has no end. */
function endOf(parts: readonly RunPart[]): { endedAt?: number; outcome?: Outcome } {
  const last = parts.reduce<RunPart['end']>((latest, { end }) => (end && end.endedAt >= (latest?.endedAt ?? 0) ? end : latest), undefined);
  const goesOn = parts.some(({ startedAt, end }) => end === undefined && startedAt >= (last?.endedAt ?? 0));
  return last === undefined || goesOn ? {} : last;
}

class PartReader {
  head: RunHead | undefined;
  readonly part: RunPart = { startedAt: 0 };
  readonly #console = new ConsoleLines();
  #errors: string[] = [];
  #client: string | undefined;
  #lastAt = 0;

  constructor(before: RunHead | undefined) {
    this.head = before;
  }

  take(record: LogRecord): void {
    switch (record.kind) {
      case 'header':
        this.#client = clientOf(record.producer);
        return;
      case 'run':
        this.#begin(record.run);
        return;
      case 'config':
        if (this.head) this.head.config = changed(this.head.config, record.update, record.remove);
        return;
      case 'output':
        this.#lastAt = Math.max(this.#lastAt, record.at);
        for (const { stream, text } of this.#console.take(record)) if (stream === 'err') this.#errors.push(text);
        if (this.#errors.length > 2 * LAST_LINES) this.#errors = this.#errors.slice(-LAST_LINES);
        return;
      case 'exit':
        this.part.end = {
          endedAt: Math.max(this.part.startedAt + record.runtimeSeconds * 1_000, this.#lastAt),
          outcome: this.#outcome(record.code),
        };
        return;
      default:
    }
  }

  #begin({ config, resumed: _, telemetry: __, ...run }: LoggedRun): void {
    this.part.startedAt = run.startedAt;
    const startedAt = Math.min(run.startedAt, this.head?.startedAt ?? Infinity);
    const client = this.head?.client ?? this.#client;
    this.head = {
      ...this.head,
      ...run,
      ...(client !== undefined && { client }),
      startedAt,
      config: changed(this.head?.config ?? {}, config),
    };
  }

  #outcome(code: number): Outcome {
    if (code === 0) return { status: 'completed' };
    const begun = this.#console.rest().flatMap(({ stream, text }) => (stream === 'err' ? [text] : []));
    return { status: 'failed', error: failureOf(code, [...this.#errors, ...begun]) };
  }
}

/** W&B's own client names only its version. */
function clientOf(producer: string): string | undefined {
  return /^\d/.test(producer) ? `wandb ${producer}` : producer || undefined;
}

function changed(
  config: Record<string, unknown>,
  update: readonly ValueAt[],
  remove: readonly (readonly string[])[] = [],
): Record<string, unknown> {
  const next = { ...config };
  for (const { path, value } of update) next[path.join('.')] = value;
  // Of an object of which a part is removed the whole has been told anew.
  for (const path of remove) if (path.length === 1 || !Object.hasOwn(next, path[0]!)) delete next[path.join('.')];
  return next;
}
