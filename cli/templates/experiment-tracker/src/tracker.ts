import { appendFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Transient } from '@mortise/core';
import type { ComponentContext, ExperimentTracker, Outcome, TrackerCapabilities, TrackerEvent, TrackerRun } from '@mortise/core';
import type { TrackerRunIdentity, TrackerRunRef, TrackerRunStart } from '@mortise/core';

import type { FlavorNameConfig } from './config.js';

/** What core has to know. The test checks each claim. */
export const CAPABILITIES: TrackerCapabilities = {
  ids: 'client',
  step: 'decimal',
  monotonicStep: false,
  metricContext: 'native',
  nesting: 'parent',
  artifacts: 'reference',
  reopen: true,
  offline: true,
  failure: 'status+message',
  output: true,
  redelivery: 'dedup',
};

/** The lines of a file: what this tracker shows of a run. */
export interface Line {
  run?: { name: string; experiment: string; parent?: string; tags: Record<string, string>; startedAt: number };
  events?: readonly TrackerEvent[];
  end?: { status: Outcome['status']; message?: string; endedAt: number; madeBy?: string; replacedBy?: string };
}

export async function create({ config, projectRoot }: ComponentContext<FlavorNameConfig>): Promise<FlavorNameTracker> {
  return new FlavorNameTracker(resolve(projectRoot, config.folder));
}

/**
 * Keeps a file of JSON lines for each tracker run, to which it only adds. Replace this by calls to your service: each of `open`, `deliver` and `close`
 * may come twice, in this process or in another one, and the second time must change nothing. Here a reader takes each event, the first start and the
 * first end once.
 */
export class FlavorNameTracker implements ExperimentTracker<string> {
  readonly capabilities = CAPABILITIES;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Finds or creates the run with this key. `known` is the ref that core stored last, if any. */
  async open(
    { key }: TrackerRunIdentity,
    start: TrackerRunStart,
    _known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<TrackerRun<string>> {
    const path = join(this.#folder, `${key}.jsonl`);
    const ref: TrackerRunRef = { id: key, url: pathToFileURL(path).href, ids: {} };
    const { name, experiment, parent, tags, startedAt } = start;
    this.#write(path, { run: { name, experiment, tags, startedAt, ...(parent?.id !== undefined && { parent: parent.id }) } }, signal);
    return {
      ref,
      native: path,
      deliver: async (events, signal) => {
        this.#write(path, { events }, signal);
        return { ref, through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])) };
      },
      close: async (outcome, endedAt, signal, supersededBy) => {
        this.#write(path, { end: { ...endOf(outcome), endedAt, ...(supersededBy !== undefined && { replacedBy: supersededBy }) } }, signal);
        return ref;
      },
    };
  }

  /** For `mortise stack validate`: can it be reached? */
  async check(): Promise<void> {
    this.#try(this.#folder, () => mkdirSync(this.#folder, { recursive: true }));
  }

  #write(path: string, line: Line, signal: AbortSignal): void {
    signal.throwIfAborted();
    this.#try(path, () => {
      mkdirSync(this.#folder, { recursive: true });
      appendFileSync(path, `${JSON.stringify(line, spelledOut)}\n`);
    });
  }

  /** `Transient`: core tries again by itself. `Permanent` is for what somebody has to mend first. */
  #try(path: string, call: () => void): void {
    try {
      call();
    } catch (cause) {
      throw new Transient(`cannot write ${path}: ${(cause as Error).message}`, { cause });
    }
  }
}

/** How a run ended, in words of the tracker: with the text of the error, the reason why it was killed, or the run that a cached one is from. */
function endOf(outcome: Outcome): { status: Outcome['status']; message?: string; madeBy?: string } {
  const { status } = outcome;
  switch (status) {
    case 'completed':
      return { status };
    case 'failed':
      return { status, message: `${outcome.error.name}: ${outcome.error.message}` };
    case 'killed':
      return { status, message: outcome.reason };
    case 'cached':
      return { status, madeBy: outcome.source.url ?? outcome.source.runId };
  }
}

/** JSON has no NaN and no infinities. */
const spelledOut = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
