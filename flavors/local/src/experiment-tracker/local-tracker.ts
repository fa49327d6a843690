import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import {
  makeFolder,
  Transient,
  type ComponentContext,
  type ExperimentTracker,
  type Logger,
  type Outcome,
  type Receipt,
  type TrackerCapabilities,
  type TrackerEvent,
  type TrackerRun,
  type TrackerRunIdentity,
  type TrackerRunRef,
  type TrackerRunStart,
} from '@mortise/core';

import { isSystemError, reasonOf } from '../artifact-store/system-error.ts';
import { addEvent, endSummary, newSummary, reopenSummary, type RunSummary } from './run-summary.ts';

/** What `activeRun(localTracker).native()` gives: where the run's summary is. */
export interface LocalRun {
  path: string;
}

export const LOCAL_CAPABILITIES: TrackerCapabilities = {
  ids: 'client',
  step: 'decimal',
  monotonicStep: false,
  metricContext: 'prefix',
  nesting: 'parent',
  artifacts: 'reference',
  reopen: true,
  offline: true,
  failure: 'status+message',
  redelivery: 'dedup',
};

export async function create(context: ComponentContext): Promise<LocalTracker> {
  return new LocalTracker(context.scratch, context.log);
}

/**
 * Keeps a small JSON summary of each tracker run in a folder; every point of every curve is in the project's own store already.
 * The files are small, so they are written synchronously: that takes less than to hand them to another thread.
 */
export class LocalTracker implements ExperimentTracker<LocalRun> {
  readonly capabilities = LOCAL_CAPABILITIES;
  readonly #folder: string;
  readonly #log: Pick<Logger, 'warn'>;

  constructor(folder: string, log: Pick<Logger, 'warn'>) {
    this.#folder = folder;
    this.#log = log;
  }

  async open(id: TrackerRunIdentity, start: TrackerRunStart, _known?: TrackerRunRef, signal?: AbortSignal): Promise<TrackerRun<LocalRun>> {
    signal?.throwIfAborted();
    const path = join(this.#folder, `${id.key}.json`);
    const known = this.#known(path, id);
    const reopened = known !== undefined && start.resumed === true && known.status !== 'running';
    if (reopened) reopenSummary(known);
    const run = new LocalTrackerRun(path, known ?? newSummary(id, start));
    if (known === undefined || reopened) run.write();
    return run;
  }

  /**
   * What a power cut left of a file may be empty or a part: nobody can mend that, so the summary is begun anew. What had been confirmed before is not sent
   * again; the project's store has it.
   */
  #known(path: string, { key }: TrackerRunIdentity): RunSummary | undefined {
    const text = readText(path);
    if (text === undefined) return undefined;
    const known = parsed(text);
    if (known?.key === key) return known as RunSummary;
    this.#log.warn(`${path} was damaged and is begun anew: it may lack what was logged before, which the project's store has`);
    return undefined;
  }

  /** Writes a small file into its folder, and takes it away. Throws `Transient`. */
  async check(): Promise<void> {
    onDisk('make', this.#folder, () => makeFolder(this.#folder));
    const path = join(this.#folder, `.check-${process.pid}`);
    onDisk('write', path, () => writeFileSync(path, 'x'));
    onDisk('remove', path, () => rmSync(path, { force: true }));
  }
}

class LocalTrackerRun implements TrackerRun<LocalRun> {
  readonly ref: TrackerRunRef;
  readonly native: LocalRun;
  readonly #summary: RunSummary;

  constructor(path: string, summary: RunSummary) {
    this.ref = { id: summary.key, url: pathToFileURL(path).href, ids: {} };
    this.native = { path };
    this.#summary = summary;
  }

  /** What it confirms is in the file, so that another process can go on from there. */
  async deliver(events: readonly TrackerEvent[], signal: AbortSignal, closing = false): Promise<Receipt> {
    signal.throwIfAborted();
    const through: Record<string, number> = {};
    for (const event of events) {
      addEvent(this.#summary, event);
      through[event.writer] = event.seq;
    }
    if (!closing) this.write();
    return { through, ref: this.ref };
  }

  async close(outcome: Outcome, endedAt: number, signal: AbortSignal, supersededBy?: string): Promise<TrackerRunRef> {
    signal.throwIfAborted();
    endSummary(this.#summary, outcome, endedAt, supersededBy);
    this.write();
    return this.ref;
  }

  /** A reader sees the file as it was or as it is, never a part. */
  write(): void {
    const { path } = this.native;
    const next = `${path}.next`;
    const text = `${JSON.stringify(this.#summary, undefined, 2)}\n`;
    onDisk('write', path, () => {
      try {
        writeFileSync(next, text);
      } catch (error) {
        if (!isSystemError(error, 'ENOENT')) throw error;
        makeFolder(dirname(path));
        writeFileSync(next, text);
      }
      renameSync(next, path);
    });
  }
}

function readText(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  return onDisk('read', path, () => readFileSync(path, 'utf8'));
}

function parsed(text: string): Partial<RunSummary> | undefined {
  try {
    return (JSON.parse(text) as Partial<RunSummary> | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** What the file system refuses, somebody may mend: throws `Transient`, so that it is tried again. */
function onDisk<T>(doing: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new Transient(`cannot ${doing} ${path}: ${reasonOf(error)}`, { cause: error });
  }
}
