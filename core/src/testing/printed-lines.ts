import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { TrackerRunView } from '../client/pipeline-run.ts';
import type { CrashProject } from './crash-project.ts';

/** A line as a backend keeps it. */
export interface KeptLine {
  text: string;
  stream?: 'out' | 'err';
}

/** A project whose only tracker keeps output, and a look at what it keeps. */
export interface PrintingProject {
  project: CrashProject;
  /** What its backend has of a tracker run. */
  linesOf(run: TrackerRunView): Promise<readonly KeptLine[] | undefined>;
  end?(): Promise<unknown>;
}

const SCRIPT = `
import { activeRun, pipeline, step } from '@mortise/core';

const talk = async () => {
  console.log('begun', { a: 1 });
  activeRun().logMetric('loss', 1);
  process.stderr.write('oh\\n');
  for (const letter of 'by letters, \\u{1f377}\\n') process.stdout.write(letter);
  for (const percent of [0, 50, 100]) process.stderr.write('\\r' + percent + '%');
  process.stderr.write('\\n');
  console.log('two\\nlines');
  console.log('two\\nlines');
  process.stdout.write('no end');
};
const inline = step('inline', { experimentTracker: true }, talk);
const isolated = step('isolated', { experimentTracker: true, isolation: 'process' }, talk);
const name = process.argv[2];
await pipeline('prints', () => { inline(); isolated(); }).run({}, { name, cache: name === 'first', trackerTimeoutMs: Number(process.argv[3] ?? 20_000) });
if (name === 'first') await pipeline('prints', () => { inline(); isolated(); }).run({}, { name: 'cached' });
`;

/** What a step of the script prints. */
export const PRINTED: Record<'out' | 'err', readonly string[]> = {
  out: ['begun { a: 1 }', 'by letters, \u{1f377}', 'two', 'lines', 'two', 'lines', 'no end'],
  err: ['oh', '100%'],
};

/** Runs the script, whose steps `inline` and `isolated` print; gives the lines of each. */
export async function printedBy(
  { project, linesOf }: PrintingProject,
  name: string,
  { env = {}, patienceMs }: { env?: NodeJS.ProcessEnv; patienceMs?: number } = {},
): Promise<Record<string, unknown>> {
  project.scripts.write('prints.mjs', SCRIPT);
  const { code, text } = await project.scripts.start('prints.mjs', [], env, [name, ...(patienceMs === undefined ? [] : [`${patienceMs}`])])
    .ended;
  if (code !== 0) throw new Error(`the run failed: ${text}`);
  return keptLines({ project, linesOf }, name);
}

/** By step and stream, as the backend has them. */
export async function keptLines({ project, linesOf }: PrintingProject, name: string): Promise<Record<string, unknown>> {
  const { steps } = await project.client.getPipelineRun(name);
  const kept = Object.entries(steps).map(async ([step, { attempts }]) => {
    const lines = (await linesOf(attempts[0]!.trackerRuns[0]!)) ?? [];
    const of = (stream: string): string[] => lines.flatMap((line) => (line.stream === stream ? [line.text.replace(/\n$/, '')] : []));
    return [step, { out: of('out'), err: of('err') }] as const;
  });
  return Object.fromEntries(await Promise.all(kept));
}

export const ALL = { inline: PRINTED, isolated: PRINTED };
export const NONE = { inline: { out: [], err: [] }, isolated: { out: [], err: [] } };

/** What steps print is at the tracker, unless the vendor's own switch says no. */
export function testPrintedLines(open: () => Promise<PrintingProject>, { off }: { off?: NodeJS.ProcessEnv } = {}): void {
  let opened: PrintingProject;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(async () => {
    await opened?.project.end();
    await opened?.end?.();
  });

  test('what steps print, in this process and in one of their own, is there line by line; of a cached one nothing', async () => {
    expect(await printedBy(opened, 'first')).toEqual(ALL);
    const { steps } = await opened.project.client.getPipelineRun('cached');
    for (const { attempts, status } of Object.values(steps)) {
      expect(status).toBe('cached');
      for (const run of attempts.flatMap(({ trackerRuns }) => trackerRuns)) expect((await opened.linesOf(run)) ?? []).toEqual([]);
    }
  });

  if (off !== undefined)
    test(`with ${Object.entries(off).flat().join('=')} nothing of it is`, async () => {
      expect(await printedBy(opened, 'switched-off', { env: off })).toEqual(NONE);
    });
}
