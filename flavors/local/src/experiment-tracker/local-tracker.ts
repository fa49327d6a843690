import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type {
  ComponentContext,
  ExperimentTracker,
  Outcome,
  Receipt,
  TrackerCapabilities,
  TrackerEvent,
  TrackerRun,
  TrackerRunIdentity,
  TrackerRunRef,
  TrackerRunStart,
} from '@mortise/core';

import { addEvent, endSummary, newSummary, type RunSummary } from './run-summary.ts';

/** What `activeRun(localTracker).native()` gives: where the run's summary is. */
export interface LocalRun {
  path: string;
}

export async function create(context: ComponentContext): Promise<LocalTracker> {
  return new LocalTracker(context.scratch);
}

/**
 * Keeps a small JSON summary of each tracker run in a folder; every point of every curve is in the project's own store already.
 * The files are small, so they are written synchronously: that takes less than to hand them to another thread.
 */
export class LocalTracker implements ExperimentTracker<LocalRun> {
  readonly capabilities: TrackerCapabilities = {
    ids: 'client',
    step: 'decimal',
    monotonicStep: false,
    metricContext: 'native',
    nesting: 'parent',
    artifacts: 'reference',
    reopen: true,
    offline: true,
    failure: 'status+message',
    redelivery: 'dedup',
  };
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(id: TrackerRunIdentity, start: TrackerRunStart): Promise<TrackerRun<LocalRun>> {
    const path = join(this.#folder, `${id.key}.json`);
    const known = readSummary(path);
    const run = new LocalTrackerRun(path, known ?? newSummary(id, start));
    if (known === undefined) run.write();
    return run;
  }

  async check(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
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
  async deliver(events: readonly TrackerEvent[], _signal: AbortSignal, closing = false): Promise<Receipt> {
    const through: Record<string, number> = {};
    for (const event of events) {
      addEvent(this.#summary, event);
      through[event.writer] = event.seq;
    }
    if (!closing) this.write();
    return { through, ref: this.ref };
  }

  async close(outcome: Outcome, endedAt: number, _signal: AbortSignal, supersededBy?: string): Promise<TrackerRunRef> {
    endSummary(this.#summary, outcome, endedAt, supersededBy);
    this.write();
    return this.ref;
  }

  /** A reader sees the file as it was or as it is, never a part. */
  write(): void {
    const { path } = this.native;
    const next = `${path}.next`;
    const text = `${JSON.stringify(this.#summary, undefined, 2)}\n`;
    try {
      writeFileSync(next, text);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(next, text);
    }
    renameSync(next, path);
  }
}

function readSummary(path: string): RunSummary | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as RunSummary) : undefined;
}
