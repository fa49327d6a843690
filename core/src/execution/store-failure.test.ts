import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { activeRun, Client, pipeline, resumeRun, runPipeline, step, type StepEvent } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
beforeEach(async () => {
  project = await temporaryProject();
});
afterEach(() => project.remove());

function change(sql: string): void {
  const db = new DatabaseSync(new URL(project.project.storeUrl).pathname);
  db.exec(sql);
  db.close();
}

/** The store refuses to write the end of steps of this name, until it is told to take it again. */
function refuseEndOf(name: string): () => void {
  change(`CREATE TRIGGER refuse BEFORE UPDATE OF status ON runs
    WHEN old.name = '${name}' AND (SELECT status FROM runs p WHERE p.id = old.parent_id) = 'running'
    BEGIN SELECT RAISE(ABORT, 'refused'); END`);
  return () => change('DROP TRIGGER refuse');
}

const tracked = { cache: false, experimentTracker: true } as const;
const bad = step('bad', tracked, async () => 1);
const slow = step('slow', tracked, async () => {
  const { attempt, signal } = activeRun();
  if (attempt > 1) return;
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve);
    setTimeout(resolve, 5_000).unref();
  });
});
const both = pipeline('both', () => {
  slow();
  bad();
});

class Both {
  @step(tracked)
  async bad(): Promise<number> {
    return 1;
  }
  @pipeline()
  async run(): Promise<number> {
    return this.bad();
  }
}

describe('a step whose end the store refuses', () => {
  it('ends with its run, and before that ends what runs beside it', async () => {
    const allow = refuseEndOf('bad');
    await expect(both.run({}, { name: 'refused' })).rejects.toThrow('refused');
    const { status, steps } = await new Client().getPipelineRun('refused');
    const trackers = Object.values(steps).map(({ attempts: [attempt] }) => attempt!.trackerRuns[0]!.status);
    expect([status, steps['slow']!.status, steps['bad']!.status]).toEqual(['failed', 'killed', 'failed']);
    expect(steps['slow']!.error!.message).toBe('the run could not go on: refused');
    expect(trackers).toEqual(['killed', 'running']);
    // As if the time were over for which this process has them to itself.
    change('UPDATE tracker_runs SET claim_until = 0');
    expect(await new Client().deliver()).toMatchObject([{ delivered: 1 }]);
    const { bad: told } = (await new Client().getPipelineRun('refused')).steps;
    expect(told!.attempts[0]!.trackerRuns[0]).toMatchObject({ status: 'failed', delivered: true });
    allow();
    expect((await resumeRun('refused', { pipeline: both })).status).toBe('completed');
  });

  it('ends with its run in class style, too', async () => {
    const allow = refuseEndOf('bad');
    await expect(runPipeline(Both, {}, { name: 'refused' })).rejects.toThrow('refused');
    const { status, steps } = await new Client().getPipelineRun('refused');
    expect([status, steps['bad']!.status]).toEqual(['failed', 'failed']);
    allow();
    expect((await resumeRun('refused', { pipeline: Both })).status).toBe('completed');
  });
});

it('a step whose attempt was taken over meanwhile is told to have failed', async () => {
  const events: StepEvent[] = [];
  const taken = step('taken', tracked, async () => change('UPDATE step_runs SET fence = fence + 1'));
  const run = await pipeline('fenced', () => void taken()).run({}, { onStep: (event) => events.push(event) });
  expect(run.steps['taken']).toMatchObject({ status: 'failed', error: { name: 'FENCE_LOST' } });
  expect(events.map(({ status, attempt }) => [status, attempt])).toEqual([
    ['running', 1],
    ['failed', 1],
  ]);
});

it('a step whose nested run was taken over has failed with that, and its own run goes on and ends', async () => {
  const lost = step('lost', { cache: false }, async () =>
    change("UPDATE run_sessions SET ended_at = 1 WHERE run_id IN (SELECT id FROM runs WHERE name = 'inside')"),
  );
  const inside = pipeline('inside', () => void lost());
  const begins = step('begins', { cache: false }, async () => void (await inside.run({}, { name: 'inside' })));
  const beside = step('beside', { cache: false }, async () => 1);
  const outside = pipeline('outside', () => {
    begins();
    return beside();
  });
  const run = await outside.run({}, { name: 'outside', executionMode: 'continue-on-failure', concurrency: 1 });
  expect(run.steps['begins']).toMatchObject({ status: 'failed', error: { name: 'RUN_TAKEN_OVER' } });
  expect([run.status, run.steps['beside']!.status]).toEqual(['failed', 'completed']);
});

describe('a run that the store has recorded as completed', () => {
  const refuse = (what: string, table: string, when: string): void =>
    change(`CREATE TRIGGER refuse BEFORE UPDATE OF ${what} ON ${table} WHEN ${when} BEGIN SELECT RAISE(ABORT, 'refused'); END`);
  const logged = step('logged', tracked, async () => 1);

  it('is given as that where the store does not take what is left to write of its delivery', async () => {
    refuse('claim_until', 'tracker_runs', 'old.claim_until > 0 AND new.claim_until IS NULL');
    const run = await pipeline('delivered', () => logged()).run({}, { name: 'done' });
    expect([run.status, run.result]).toEqual(['completed', 1]);
    expect(run.warnings).toContain('the store did not take how the delivery to its trackers ended: refused');
    change('DROP TRIGGER refuse; UPDATE tracker_runs SET claim_until = 0');
    await new Client().deliver();
    expect(await new Client().getPipelineRun('done')).toMatchObject({ status: 'completed' });
  });

  it('is given as that where the store does not take the warnings of its last hooks', async () => {
    refuse('warnings', 'runs', "old.status = 'completed'");
    const told = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const hooks = {
      onEnd: () => {
        throw new Error('no mail today');
      },
    };
    const run = await pipeline('warned', hooks, () => logged()).run({}, { name: 'done' });
    const said = told.mock.calls.map(([text]) => String(text)).join('');
    told.mockRestore();
    expect([run.status, run.result]).toEqual(['completed', 1]);
    expect(said).toContain('no mail today');
  });
});
