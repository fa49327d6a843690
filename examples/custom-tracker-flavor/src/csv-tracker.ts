import {
  closeSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Transient } from '@mortise/core';
import type { ComponentContext, ExperimentTracker, TrackerCapabilities, TrackerEvent, TrackerRun } from '@mortise/core';
import type { TrackerRunIdentity, TrackerRunRef, TrackerRunStart } from '@mortise/core';

import { endRow, eventRows, HEADER, startRow } from './csv-rows.js';
import type { CsvTrackerConfig } from './csv-tracker-config.js';

export const CSV_CAPABILITIES: TrackerCapabilities = {
  ids: 'client',
  step: 'decimal',
  monotonicStep: false,
  metricContext: 'native',
  nesting: 'parent',
  artifacts: 'reference',
  reopen: true,
  offline: true,
  failure: 'status+message',
  redelivery: 'offset',
};

export async function create({ config, projectRoot }: ComponentContext<CsvTrackerConfig>): Promise<CsvTracker> {
  return new CsvTracker(resolve(projectRoot, config.folder));
}

/** How far a file is complete. Core stores it after each call: what stands behind `bytes` was never confirmed, and comes again. */
type Progress = { bytes: number; through: Record<string, number>; ended: boolean };

/** One CSV file for each tracker run. The native handle is the file's path. */
export class CsvTracker implements ExperimentTracker<string> {
  readonly capabilities = CSV_CAPABILITIES;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(
    id: TrackerRunIdentity,
    start: TrackerRunStart,
    known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<TrackerRun<string>> {
    signal.throwIfAborted();
    const path = join(this.#folder, `${id.key}.csv`);
    const head = onDisk(path, () => begin(path, HEADER + startRow(id, start)));
    let progress = (known?.state as Progress | undefined) ?? { bytes: head, through: {}, ended: false };
    if (start.resumed) progress = { ...progress, ended: false };
    const ref = (): TrackerRunRef => ({ id: id.key, url: pathToFileURL(path).href, ids: {}, state: progress });
    const write = (rows: string, next: Progress, signal: AbortSignal): void => {
      signal.throwIfAborted();
      progress = { ...next, bytes: onDisk(path, () => writeAt(path, progress.bytes, rows)) };
    };
    return {
      native: path,
      get ref() {
        return ref();
      },
      deliver: async (events, signal) => {
        const fresh = events.filter(({ writer, seq }) => seq > (progress.through[writer] ?? 0));
        write(fresh.map(eventRows).join(''), { ...progress, through: { ...progress.through, ...lastOf(fresh) } }, signal);
        return { ref: ref(), through: lastOf(events) };
      },
      close: async (outcome, endedAt, signal, supersededBy) => {
        write(progress.ended ? '' : endRow(outcome, endedAt, supersededBy), { ...progress, ended: true }, signal);
        return ref();
      },
    };
  }

  async check(): Promise<void> {
    onDisk(this.#folder, () => mkdirSync(this.#folder, { recursive: true }));
  }
}

const lastOf = (events: readonly TrackerEvent[]): Record<string, number> =>
  Object.fromEntries(events.map(({ writer, seq }) => [writer, seq]));

/** Makes the file with its head, unless it is there: of several processes one makes it, whole. Gives the length of the head that it has, in bytes. */
function begin(path: string, head: string): number {
  const draft = `${path}.${crypto.randomUUID()}`;
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(draft, head);
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  return readFileSync(path).indexOf('\n', HEADER.length) + 1;
}

/** Writes rows behind the first `from` bytes, over whatever was left there by a process that died. Gives the length of the file. */
function writeAt(path: string, from: number, rows: string): number {
  const fd = openSync(path, 'r+');
  try {
    const { size } = fstatSync(fd);
    if (size < from)
      throw new Transient(
        `${path} is ${size} bytes long, but ${from} had been written: bring it back, or give it up with "mortise tracker drop"`,
      );
    const bytes = Buffer.from(rows);
    ftruncateSync(fd, from);
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, from + done);
    return from + bytes.length;
  } finally {
    closeSync(fd);
  }
}

/** What the file system refuses somebody may mend, so that it is worth trying again. */
function onDisk<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new Transient(`cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}
