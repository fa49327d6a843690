import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';

import type { DeliveryReport } from '../client/tracker-work.ts';
import { CrashProject } from '../testing/crash-project.ts';
import { FileTracker } from '../testing/file-tracker.ts';
import type { RunningScript } from '../testing/project-scripts.ts';
import { pathsOfVersions, storedFiles } from '../testing/stored-versions.ts';
import { trackerRunKey } from '../tracking/tracker-run-key.ts';

/** `node scripts/random-kills.mjs` sets these. */
const KILLS = Number(process.env['KILLS'] ?? 25);
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const ISOLATION = process.env['ISOLATION'] ?? 'inline';

const STEPS = 200;
/** Steps of so many lanes run at the same time; at the end their sums are added up. */
const LANES = 4;
const POINTS = 3;

jest.setTimeout(300_000 + 20_000 * KILLS);

/**
 * Each call of a step, and each point as soon as it is logged, is written down outside of the project's own files. The value goes from step to step, and
 * so do bytes that are too many to be kept in memory.
 */
const PIPELINE = `
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { activeRun, pipeline, step } from '@mortise/core';
const note = (...words) => appendFileSync('noted', words.join(' ') + '\\n');
// A session that is to be killed does not come to the end of its last step, however late the kill comes.
const { SESSION, HELD_AT = Infinity } = process.env;
const isHeld = () => readFileSync('noted', 'utf8').split('call ' + SESSION + ' ').length - 1 >= Number(HELD_AT);
const add = step('add', { cache: false, experimentTracker: ['default', 'filed'], outputs: ['sum', 'rows'] }, async ({ data, rows }) => {
  const { stepId, runId } = activeRun();
  note('call', SESSION, stepId);
  if (rows !== undefined && (rows.length !== 20_000 || rows[19_999] !== data)) throw new Error('what was passed on is not what was given');
  for (let i = 0; i < ${POINTS}; i++) {
    activeRun().logMetrics({ loss: i });
    note('point', runId, i);
  }
  do await delay(3); while (isHeld());
  return { sum: data + 1, rows: new Float64Array(20_000).fill(data + 1) };
});
const join = step('join', { cache: false }, async (sums) => Object.values(sums).reduce((a, b) => a + b));
export const lanes = pipeline('lanes', () => {
  const sums = {};
  for (let lane = 0; lane < ${LANES}; lane++) {
    let given = { data: lane };
    for (let i = 0; i < ${STEPS / LANES}; i++) {
      const { sum, rows } = add(given);
      given = { data: sum, rows };
    }
    sums['lane' + lane] = given.data;
  }
  return join(sums);
});
`;

const SESSION = `
import { Client, resumeRun } from '@mortise/core';
import { lanes } from './lanes.mjs';
const options = { isolation: ${JSON.stringify(ISOLATION)}, concurrency: ${LANES} };
console.log('begins');
const run = process.env.RESUME === undefined ? await lanes.run({}, { ...options, name: 'first' }) : await resumeRun('first', options);
console.log(JSON.stringify({ status: run.status, error: run.error, result: run.result, warnings: run.warnings }));
`;

const DELIVER = `
import { Client } from '@mortise/core';
const client = new Client();
console.log(JSON.stringify(await client.deliver()));
await client.close();
`;

let project: CrashProject;
beforeAll(async () => {
  project = await CrashProject.open();
  project.scripts.write('lanes.mjs', PIPELINE);
  project.scripts.write('session.mjs', SESSION);
  project.scripts.write('deliver.mjs', DELIVER);
});
afterAll(() => project.end());

/** Numbers between 0 and 1 that are the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function query<T>(sql: string): T[] {
  const db = new DatabaseSync(join(project.root, '.mortise', 'store.db'), { timeout: 5_000 });
  try {
    return db.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
}

const completedSteps = (): string[] =>
  query<{ step_id: string }>("SELECT step_id FROM v_steps WHERE status = 'completed'").map(({ step_id }) => step_id);

interface Attempt {
  id: string;
  step_id: string;
  attempt: number;
  status: string;
}

interface Noted {
  /** Session and step of each call, in order. */
  calls: { session: number; step: string }[];
  /** Points that were logged, by step run. */
  points: Map<string, number[]>;
}

function noted(): Noted {
  const calls: Noted['calls'] = [];
  const points: Noted['points'] = new Map();
  for (const line of project.scripts.lines('noted')) {
    const [kind, a, b] = line.split(' ');
    if (kind === 'call') calls.push({ session: Number(a), step: b! });
    else points.set(a!, [...(points.get(a!) ?? []), Number(b)]);
  }
  return { calls, points };
}

/** Kills a session at a moment: some while it begins, most after some more steps, so that about as many steps are left for each kill that is to come. */
async function killSession(script: RunningScript, next: () => number, steps: number): Promise<void> {
  const ended = (): boolean => script.child.exitCode !== null;
  await script.prints('begins');
  if (next() < 0.25) await delay(next() * 120);
  else {
    const calls = noted().calls.length + Math.ceil(next() * steps);
    while (noted().calls.length < calls && !ended()) await delay(1);
    await delay(next() * 12);
  }
  script.child.kill('SIGKILL');
}

it(`a run of ${STEPS} steps, killed at ${KILLS} random moments and resumed each time, ends right (seed ${SEED}, ${ISOLATION})`, async () => {
  const next = random(SEED);
  /** Steps that had completed before each session. */
  const before: Set<string>[] = [];
  let created = false;
  let end: { status: string; error: unknown; result: unknown; warnings: string[] } | undefined;
  let killed = 0;
  while (end === undefined) {
    created ||= query("SELECT id FROM runs WHERE name = 'first'").length > 0;
    before.push(new Set(completedSteps()));
    const left = STEPS - before.at(-1)!.size;
    const script = project.start('session.mjs', {
      SESSION: String(before.length - 1),
      ...(created && { RESUME: '1' }),
      ...(killed < KILLS && { HELD_AT: String(left) }),
    });
    if (killed < KILLS) await killSession(script, next, Math.min(left - 1, (2 * left) / (KILLS - killed)));
    const { signal, text } = await script.ended;
    if (signal === 'SIGKILL') killed++;
    else if (text.includes('{')) end = JSON.parse(text.slice(text.indexOf('{'))) as typeof end;
    else throw new Error(`session ${before.length - 1} ended by itself: ${text}`);
  }
  expect(end).toMatchObject({ status: 'completed', error: null, result: STEPS + (LANES * (LANES - 1)) / 2 });
  // What the sessions before had not delivered may still wait.
  expect(end.warnings.filter((warning) => !warning.includes('not delivered yet'))).toEqual([]);
  expect(killed).toBe(KILLS);

  const { calls, points } = noted();
  const again = calls.filter(({ session, step }) => before[session]!.has(step));
  expect(again).toEqual([]);

  for (const { left, reason } of await project.json<DeliveryReport[]>('deliver.mjs'))
    expect({ left, reason }).toEqual({ left: 0, reason: null });
  const run = await project.client.getPipelineRun('first');
  expect(run.warnings).toEqual([]);
  const server = new FileTracker(join(project.root, 'filed'));
  const attempts = query<Attempt>("SELECT id, step_id, attempt, status FROM v_steps WHERE step <> 'join'");
  expect(attempts.filter(({ status }) => status === 'completed')).toHaveLength(STEPS);
  const inStore = Map.groupBy(
    query<{ id: string; value: number }>(
      'SELECT s.run_id AS id, p.value FROM metric_points p JOIN metric_series s ON s.id = p.series_id ORDER BY p.step',
    ),
    ({ id }) => id,
  );
  for (const { id, step_id: stepId, attempt, status } of attempts) {
    const filed = server.run(trackerRunKey({ runId: run.id, stepId, attempt, component: 'filed' }));
    const arrived = (filed?.events ?? []).flatMap((event) => (event.kind === 'metrics' ? [event.values['loss']!] : []));
    const stored = (inStore.get(id) ?? []).map(({ value }) => value);
    const logged = points.get(id) ?? [];
    const of = { stepId, attempt, status };
    // The last one may have been logged and not noted yet.
    expect({ ...of, arrived }).toEqual({ ...of, arrived: Array.from({ length: arrived.length }, (_, i) => i) });
    expect({ ...of, stored }).toEqual({ ...of, stored: arrived });
    expect([logged.length, logged.length + 1]).toContain(arrived.length);
    if (status === 'completed') expect({ ...of, points: arrived.length }).toEqual({ ...of, points: POINTS });
    expect({ ...of, ends: [...new Set(filed!.closes.map(({ outcome }) => outcome.status))] }).toEqual({ ...of, ends: [status] });
  }

  const paths = await pathsOfVersions(project.client);
  expect(paths).toHaveLength(2 * STEPS + 1);
  await project.client.collectGarbage();
  expect(storedFiles(join(project.root, '.mortise', 'artifacts'))).toEqual(paths.sort());
});
