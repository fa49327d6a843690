import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import type {
  ExperimentTracker,
  Outcome,
  Receipt,
  TrackerCapabilities,
  TrackerEvent,
  TrackerRun,
  TrackerRunIdentity,
  TrackerRunRef,
  TrackerRunStart,
} from '../tracking/experiment-tracker.ts';

/** One line of a tracker run's file. */
type Entry =
  | { open: { identity: TrackerRunIdentity; start: TrackerRunStart } }
  | { event: TrackerEvent }
  | { close: { outcome: Outcome; endedAt: number; supersededBy?: string } };

/** A tracker run as its file tells it. */
export interface FiledRun {
  opens: { identity: TrackerRunIdentity; start: TrackerRunStart }[];
  events: TrackerEvent[];
  closes: { outcome: Outcome; endedAt: number; supersededBy?: string }[];
}

/**
 * An experiment tracker for tests with several processes: its server is a folder with a file per tracker run. It knows an event again, as a server with
 * `dedup` does. `answered` is called after each answer was made up and before it is given: a good moment to die.
 */
export class FileTracker implements ExperimentTracker {
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
  readonly #answered: (call: 'open' | 'deliver' | 'close') => Promise<void> | void;

  constructor(folder: string, answered: (call: 'open' | 'deliver' | 'close') => Promise<void> | void = () => {}) {
    this.#folder = folder;
    this.#answered = answered;
    mkdirSync(folder, { recursive: true });
  }

  async open(identity: TrackerRunIdentity, start: TrackerRunStart): Promise<TrackerRun> {
    const path = join(this.#folder, `${identity.key}.jsonl`);
    if (existsSync(path)) dropTornLine(path);
    const seen = new Set(existsSync(path) ? filedRun(path).events.map(nameOf) : []);
    const ref: TrackerRunRef = { id: identity.key, url: `file://${path}`, ids: {} };
    const write = (entries: Entry[]): void => appendFileSync(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    write([{ open: { identity, start } }]);
    await this.#answered('open');
    return {
      ref,
      native: path,
      deliver: async (events): Promise<Receipt> => {
        const fresh = events.filter((event) => !seen.has(nameOf(event)));
        for (const event of fresh) seen.add(nameOf(event));
        write(fresh.map((event) => ({ event })));
        await this.#answered('deliver');
        return { through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])), ref };
      },
      close: async (outcome, endedAt, _signal, supersededBy): Promise<TrackerRunRef> => {
        write([{ close: { outcome, endedAt, ...(supersededBy !== undefined && { supersededBy }) } }]);
        await this.#answered('close');
        return ref;
      },
    };
  }

  /** undefined: it was never opened. */
  run(key: string): FiledRun | undefined {
    const path = join(this.#folder, `${key}.jsonl`);
    return existsSync(path) ? filedRun(path) : undefined;
  }
}

/** A process that is killed while it appends leaves half a line: its server never took it. */
function dropTornLine(path: string): void {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf('\n') + 1;
  if (end < bytes.length) truncateSync(path, end);
}

const nameOf = ({ writer, seq }: TrackerEvent): string => `${writer} ${seq}`;

function filedRun(path: string): FiledRun {
  const run: FiledRun = { opens: [], events: [], closes: [] };
  for (const line of readFileSync(path, 'utf8').split('\n').filter(Boolean)) {
    const entry = JSON.parse(line) as Entry;
    if ('open' in entry) run.opens.push(entry.open);
    else if ('event' in entry) run.events.push(entry.event);
    else run.closes.push(entry.close);
  }
  return run;
}
