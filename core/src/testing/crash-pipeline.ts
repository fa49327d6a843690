import { fileURLToPath } from 'node:url';

import type { PipelineRun } from '../client/pipeline-run.ts';
import type { CrashPlace } from './crash-places.ts';

const PLACES = fileURLToPath(new URL('crash-places.ts', import.meta.url));

/** What `mid` logs as `loss`. */
export const LOSSES: readonly number[] = Array.from({ length: 10 }, (_, i) => i);

/**
 * For tests: `table.mjs`, a pipeline to be killed at a place, with the trackers of its step `mid`. Each step says in `calls-<run>` that it was called, and
 * `mid` that it has logged. `last` waits when the run is to be killed while it is there.
 */
export const crashPipeline = (name: string, trackers: readonly string[]): string => `
import { appendFileSync } from 'node:fs';
import { activeRun, pipeline, step } from '@mortise/core';
import { crashAt, stopAt } from ${JSON.stringify(PLACES)};
const run = process.env.RUN;
const called = (what) => appendFileSync('calls-' + run, what + '\\n');
const forEver = () => new Promise((resolve) => setTimeout(resolve, 60_000));
const load = step('load', { cache: false }, async () => { called('load'); return 1; });
const onStart = () => stopAt('before the start');
const mid = step('mid', { cache: false, experimentTracker: ${JSON.stringify(trackers)}, onStart }, async ({ data }) => {
  called('mid');
  for (let i = 0; i < ${LOSSES.length}; i++) activeRun().logMetrics({ loss: i });
  called('logged');
  await stopAt('in the function');
  if (crashAt === 'after the open' || crashAt?.endsWith('a delivery')) await forEver();
  return { sum: data + 1, text: 'x'.repeat(50_000) };
});
const last = step('last', { cache: false }, async ({ data }) => {
  called('last');
  if (crashAt?.endsWith('the close')) await forEver();
  return data.sum * 10;
});
export const table = pipeline(${JSON.stringify(name)}, () => last({ data: mid({ data: load() }) }));
`;

/** `run.mjs`: runs it under the name `RUN`. `TRACKER_TIMEOUT_MS`: how long its end waits for a tracker. */
export const CRASH_RUN = `
import { table } from './table.mjs';
const { RUN: name, ISOLATION: isolation, TRACKER_TIMEOUT_MS = '5000' } = process.env;
const run = await table.run({}, { name, isolation, trackerTimeoutMs: Number(TRACKER_TIMEOUT_MS) });
console.log(run.status);
`;

export type Isolation = 'inline' | 'process';
export type End = 'completed' | 'failed' | 'killed';

/** What is to be seen after the process was killed at a place. */
export interface CrashRow {
  run: End;
  steps: Record<string, string>;
  /** The tracker runs of `mid`; undefined: none was ever opened. */
  tracker: End | undefined;
  /** How often `mid` has been called when the run was resumed. */
  calls: number;
}

/** The crash table. `dead`: by SIGKILL, else by a signal that the process hears. */
export function crashRow(place: CrashPlace, dead: boolean): CrashRow {
  const end = dead ? 'failed' : 'killed';
  const rest = (status: string): Record<string, string> => (dead ? {} : { last: status });
  switch (place) {
    case 'before the start':
      return { run: end, steps: { load: 'completed', ...(!dead && { mid: 'skipped' }), ...rest('skipped') }, tracker: undefined, calls: 1 };
    case 'before the close':
    case 'after the close':
      return { run: end, steps: { load: 'completed', mid: 'completed', last: end }, tracker: 'completed', calls: 1 };
    case 'after the end of the run':
      return { run: 'completed', steps: { load: 'completed', mid: 'completed', last: 'completed' }, tracker: 'completed', calls: 1 };
    default:
      return { run: end, steps: { load: 'completed', mid: end, ...rest('skipped') }, tracker: end, calls: 2 };
  }
}

export const statusesOfSteps = (run: PipelineRun): Record<string, string> =>
  Object.fromEntries(Object.entries(run.steps).map(([id, { status }]) => [id, status]));
