import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import type { PipelineRun } from '../client/pipeline-run.ts';
import { CrashProject } from '../testing/crash-project.ts';
import { FileTracker } from '../testing/file-tracker.ts';
import { pathsOfVersions } from '../testing/stored-versions.ts';
import { trackerRunKey } from '../tracking/tracker-run-key.ts';

const STEPS = 40;
/** Its function is under way when the power goes. */
const CUT_IN = 'add_30';
const POINTS = 10;

const SCRIPT = `
import { appendFileSync } from 'node:fs';
import { activeRun, Client, pipeline, resumeRun, step } from '@mortise/core';
import { setTimeout as delay } from 'node:timers/promises';
const add = step('add', { cache: false, experimentTracker: ['default', 'filed'], outputs: ['sum', 'rows'] }, async ({ data }) => {
  appendFileSync('calls', activeRun().stepId + '\\n');
  for (let i = 0; i < ${POINTS}; i++) activeRun().logMetrics({ loss: i });
  if (process.env.CUT && activeRun().stepId === '${CUT_IN}') { console.log('cut here'); await delay(60_000); }
  return { sum: data + 1, rows: new Float64Array(1000).fill(data) };
});
export const chain = pipeline('chain', () => { let sum = 0; for (let i = 0; i < ${STEPS}; i++) sum = add({ data: sum }).sum; return sum; });
if (process.env.CUT) await chain.run({}, { name: 'first' });
`;

/** The next look, delivery, and what resuming gives; or the code of the error where the run itself is gone. */
const AFTER = `
import { Client, resumeRun } from '@mortise/core';
const client = new Client();
let result, swept, delivered, left;
try {
  swept = await client.getPipelineRun('first');
  left = (await client.deliver()).flatMap(({ left, reason }) => (left > 0 ? [reason] : []));
  delivered = await client.getPipelineRun('first');
  ({ result } = await resumeRun('first'));
  await client.deliver();
} catch (error) { result = error.code ?? error.stack; }
await client.close();
console.log(JSON.stringify({ swept, left, delivered, result }));
`;

interface After {
  swept?: PipelineRun;
  left: string[];
  delivered: PipelineRun;
  result: unknown;
}

let project: CrashProject;
/** The project's folder as it was when the power went: nothing of what is not synced yet is lost. */
let whole: string;
/** Files whose ends may be lost, as paths from the project's folder. */
let wal: string;
let log: string;
/** Steps that had completed, in the order of their commits. */
let completed: string[];

beforeAll(async () => {
  project = await CrashProject.open();
  project.scripts.write('chain.mjs', SCRIPT);
  project.scripts.write('after.mjs', AFTER);
  // The last to close the store brings all of it into the database file.
  await project.client.close();
  const script = project.start('chain.mjs', { CUT: '1' });
  await script.prints('cut here');
  script.child.kill('SIGKILL');
  await script.ended;
  whole = mkdtempSync(join(tmpdir(), 'mortise-power-'));
  cpSync(project.root, whole, { recursive: true, verbatimSymlinks: true });
  wal = join('.mortise', 'store.db-wal');
  const logs = join('.mortise', 'logs');
  log = join(
    logs,
    readdirSync(join(whole, logs), { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.log'))!,
  );
  const db = new DatabaseSync(join(project.root, '.mortise', 'store.db'));
  completed = db
    .prepare("SELECT step_id FROM v_steps WHERE status = 'completed' ORDER BY id")
    .all()
    .map((row) => row['step_id'] as string);
  db.close();
});
afterAll(async () => {
  await project.end();
  rmSync(whole, { recursive: true, force: true });
});

/** What a power cut leaves of a file: its end is missing, or is there but was never written. */
type Damage = 'cut' | 'zeroed';

/** Everything as when the power went, but for what is lost of a file behind a part of its bytes. */
function lose(damages: { file: string; how: Damage; keep: number }[]): void {
  for (const name of ['.mortise', 'filed', 'calls']) {
    rmSync(join(project.root, name), { recursive: true, force: true });
    cpSync(join(whole, name), join(project.root, name), { recursive: true });
  }
  // Shared memory does not outlive the machine.
  rmSync(join(project.root, '.mortise', 'store.db-shm'), { force: true });
  for (const { file, how, keep } of damages) {
    const path = join(project.root, file);
    const size = statSync(path).size;
    const kept = Math.floor(size * keep);
    if (how === 'cut') truncateSync(path, kept);
    else writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, kept), Buffer.alloc(size - kept)]));
  }
}

const stepName = (index: number): string => (index === 0 ? 'add' : `add_${index + 1}`);

/** Everything that must hold whatever was lost. Gives what the next look found. */
async function expectWhole({ logLost }: { logLost: boolean }): Promise<After> {
  const after = await project.json<After>('after.mjs');
  const { swept, left, result } = after;
  const paths = await pathsOfVersions(project.client);
  if (swept === undefined) {
    expect(result).toBe('UNKNOWN_RUN');
    expect(paths).toEqual([]);
    await project.client.close();
    return after;
  }
  expect(left).toEqual([]);
  expect(result).toBe(STEPS);
  expect(paths).toHaveLength(2 * STEPS);
  const kept = Object.entries(swept.steps).flatMap(([id, { status }]) => (status === 'completed' ? [id] : []));
  expect(kept).toEqual(completed.slice(0, kept.length));
  for (const [id, { status, outputs }] of Object.entries(swept.steps))
    expect({ id, outputs: Object.keys(outputs).sort() }).toEqual({ id, outputs: status === 'completed' ? ['rows', 'sum'] : [] });
  const calls = readFileSync(join(project.root, 'calls'), 'utf8').trimEnd().split('\n');
  const again = calls.slice(completed.length + 1);
  expect(again).toEqual(Array.from({ length: STEPS }, (_, i) => stepName(i)).slice(kept.length));
  const server = new FileTracker(join(project.root, 'filed'));
  for (const id of logLost ? [] : kept) {
    const key = trackerRunKey({ runId: swept.id, stepId: id, attempt: 1, component: 'filed' });
    const losses = server.run(key)!.events.flatMap((event) => (event.kind === 'metrics' ? [event.values['loss']] : []));
    expect({ id, losses }).toEqual({ id, losses: Array.from({ length: POINTS }, (_, i) => i) });
  }
  await project.client.close();
  return after;
}

/** Warnings but for what waits for its trackers, who are told only afterwards. */
const losses = ({ warnings }: { warnings: string[] }): string[] => warnings.filter((warning) => !warning.includes('not delivered yet'));

it('nothing was lost: the run is as it was', async () => {
  lose([]);
  const { swept } = await expectWhole({ logLost: false });
  expect(Object.keys(swept!.steps)).toEqual([...completed, CUT_IN]);
  expect(losses(swept!)).toEqual([]);
});

it.each([
  ['cut', 0.97],
  ['cut', 0.8],
  ['cut', 0.5],
  ['cut', 0.2],
  ['cut', 0.02],
  ['cut', 0],
  ['zeroed', 0.97],
  ['zeroed', 0.6],
  ['zeroed', 0.1],
] as const)("the end of the store's write-ahead log is %s behind %d of it: only the last commits are missing", async (how, keep) => {
  lose([{ file: wal, how, keep }]);
  const { swept } = await expectWhole({ logLost: false });
  if (keep <= 0.8 && swept) expect(Object.values(swept.steps).filter(({ status }) => status === 'completed').length).toBeLessThan(completed.length); // prettier-ignore
});

it.each(['cut', 'zeroed'] as const)(
  'the end of the event log is %s: it is told how many events are lost, and nothing else is',
  async (how) => {
    lose([{ file: log, how, keep: 0.5 }]);
    const path = join(project.root, log);
    const bytes = readFileSync(path);
    const linesLeft = bytes.toString('latin1').split('\n').length - 1;
    const db = new DatabaseSync(join(project.root, '.mortise', 'store.db'));
    const { applied_lines: applied } = db.prepare('SELECT applied_lines FROM event_segments').get() as { applied_lines: number };
    db.close();
    expect(applied).toBeGreaterThan(linesLeft);
    const { swept } = await expectWhole({ logLost: true });
    expect(Object.keys(swept!.steps)).toEqual([...completed, CUT_IN]);
    expect(losses(swept!)).toEqual([expect.stringMatching(new RegExp(`^${applied - linesLeft} events lost: `))]);
  },
);

it.each([
  ['cut', 'cut', 0.6, 0.4],
  ['cut', 'zeroed', 0.3, 0.6],
  ['zeroed', 'cut', 0.7, 0.9],
  ['zeroed', 'zeroed', 0.9, 0.2],
] as const)('both: %s and %s', async (walHow, logHow, walKeep, logKeep) => {
  lose([
    { file: wal, how: walHow, keep: walKeep },
    { file: log, how: logHow, keep: logKeep },
  ]);
  await expectWhole({ logLost: true });
});
