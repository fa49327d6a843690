/** A run as the file says that Sage, a tracker of these tests, has kept it. */
export interface SageRun {
  id: string;
  name?: string;
  experiment?: string;
  /** ms since the epoch. Default 1,700,000,000,000. */
  startedAt?: number;
  /** null: it has not ended. Default: completed. */
  outcome?: object | null;
  group?: string;
  user?: string;
  client?: string;
  params?: object;
  tags?: Record<string, string>;
  note?: string;
  /** Points of the metric `loss`, at steps 0, 1, 2, ..., ms apart; those before are NaN, Infinity, -Infinity and one at step 0.25 if `odd`. */
  points?: number;
  odd?: boolean;
  /** Texts by path. */
  files?: Record<string, string>;
  /** Events as they are, after all else. */
  events?: object[];
  /** What is told of it while it is read. */
  warns?: string[];
  /** Nothing of it can be read, and why. */
  unreadable?: string;
  /** Reading it fails in the end. */
  broken?: boolean;
  /** Reading it waits, before the end, until there is a file of this name; there is one named so with `.waits` meanwhile. */
  waitFor?: string;
}

/** A module whose default export imports runs from a JSON file: `SageRun[]`. It knows a key from SAGE_KEY, and says what it is. */
export const SAGE_IMPORTER = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

async function* eventsOf(run, signal, warn) {
  for (const message of run.warns ?? []) warn(message, { id: run.id, name: run.name ?? 'run ' + run.id });
  const at = run.startedAt ?? 1_700_000_000_000;
  if (run.params) yield { at, kind: 'params', values: run.params };
  if (run.tags) yield { at, kind: 'tags', set: run.tags };
  if (run.note) yield { at, kind: 'note', markdown: run.note };
  if (run.odd) {
    for (const value of [NaN, Infinity, -Infinity]) yield { at, kind: 'metrics', values: { odd: value }, step: 0 };
    yield { at, kind: 'metrics', values: { odd: 4 }, step: 0.25, context: 'val' };
  }
  for (let step = 0; step < (run.points ?? 0); step++) yield { at: at + step, kind: 'metrics', values: { loss: step / 2 }, step };
  for (const [path, text] of Object.entries(run.files ?? {}))
    yield { at, kind: 'artifact', path, type: 'text/plain', async *read() { yield Buffer.from(text); } };
  yield* run.events ?? [];
  if (run.waitFor) {
    writeFileSync(run.waitFor + '.waits', '');
    while (!existsSync(run.waitFor)) await delay(5, undefined, { signal });
  }
  if (run.broken) throw new Error('page 7 is torn');
}

export default async function importer(from, { env, warn, experiment }) {
  if (!existsSync(from)) throw new Error('there is no such file');
  if (env.SAGE_WARNS) warn('an old format');
  if (env.SAGE_TELLS) warn('asked for ' + experiment);
  return {
    vendor: 'sage',
    async *runs(signal) {
      for (const run of JSON.parse(readFileSync(from, 'utf8'))) {
        const { id, name = 'run ' + id, experiment = 'wine', startedAt = 1_700_000_000_000, outcome = { status: 'completed' }, group, user, client } = run;
        const url = 'https://sage.example/' + id;
        const ended = outcome && { outcome, endedAt: startedAt + 60_000 };
        yield { id, name, experiment, startedAt, ...ended, url, ...(group && { group }), ...(user && { user }), ...(client && { client }), ...(run.unreadable && { unreadable: run.unreadable }), events: (stop) => eventsOf(run, stop, warn) };
      }
    },
  };
}
`;

/** What the ledger knows of a tracker run. */
export interface LedgerRun {
  identity: { key: string; stepId?: string; mapIndex?: number; attempt: number };
  start: {
    name: string;
    experiment: string;
    group: string;
    tags: Record<string, string>;
    user?: string;
    startedAt: number;
    source?: object;
  };
  opens: number;
  events: {
    at: number;
    kind: string;
    path?: string;
    values?: Record<string, number | string>;
    step?: number;
    set?: Record<string, string>;
    stream?: 'out' | 'err';
    text?: string;
  }[];
  /** Texts of files, by path. */
  files: Record<string, string>;
  closes: { outcome: { status: string; error?: { message: string }; reason?: string }; endedAt: number; supersededBy?: string }[];
}

/**
 * A module whose default export is an experiment tracker flavor that keeps a JSON lines file per tracker run in \`folder\`, and is down while there is a
 * file \`down\` there; while there is a file \`held\` it keeps events, and does not answer. With \`output\` it keeps what runs print; \`step\`: the steps
 * that it takes.
 */
export const LEDGER_TRACKER = `
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defineFlavor, Transient } from '@mortise/core';

const schema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => ({ value }),
    jsonSchema: { input: () => ({ type: 'object', properties: { folder: { type: 'string' }, output: { type: 'boolean' }, key: { type: 'string' }, step: { enum: ['integer', 'decimal'] } }, required: ['folder'] }) },
  },
};
const capabilities = {
  ids: 'client', monotonicStep: false, metricContext: 'native', nesting: 'parent', artifacts: 'upload',
  reopen: true, offline: true, failure: 'status+message', redelivery: 'dedup',
};

async function create({ config, projectRoot }) {
  const folder = join(projectRoot, config.folder);
  mkdirSync(folder, { recursive: true });
  return {
    capabilities: { ...capabilities, ...(config.output && { output: true }), step: config.step ?? 'decimal' },
    async open(identity, { readArtifact, ...start }) {
      const write = (entry) => {
        if (existsSync(join(folder, 'down'))) throw new Transient('the ledger is closed');
        const spelled = (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value);
        appendFileSync(join(folder, identity.key + '.jsonl'), JSON.stringify(entry, spelled) + '\\n');
      };
      write({ open: { identity, start } });
      const ref = { id: identity.key, url: 'ledger:' + config.folder + '/' + identity.key, ids: {} };
      return {
        ref,
        native: undefined,
        async deliver(events, signal) {
          for (const event of events) {
            write({ event });
            if (event.kind !== 'artifact') continue;
            let text = '';
            for await (const chunk of readArtifact(event)) text += Buffer.from(chunk).toString();
            write({ file: { path: event.path, text } });
          }
          while (existsSync(join(folder, 'held'))) await delay(5, undefined, { signal });
          return { ref, through: Object.fromEntries(events.map(({ writer, seq }) => [writer, seq])) };
        },
        async close(outcome, endedAt, signal, supersededBy) {
          write({ close: { outcome, endedAt, supersededBy } });
          return ref;
        },
      };
    },
  };
}

export default defineFlavor({ apiVersion: 1, type: 'experiment-tracker', name: 'ledger', config: async () => schema, load: async () => ({ create }) });
`;
