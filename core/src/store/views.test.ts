import { expect, test } from '@jest/globals';
import { DatabaseSync } from 'node:sqlite';
import { completedStep, createdRun, intended, logged, temporaryStore, WORKER } from '../testing/sample-store.ts';

test('the views that people query name runs, steps, metrics, params, tags and artifacts', async () => {
  const { store, path, remove } = await temporaryStore();
  const run = await createdRun(store, { name: 'first', tags: { team: 'a' }, params: { lr: 0.5, opt: 'adam' } });
  const step = await completedStep(store, run.id, 'score', { mapIndex: 0 });
  await intended(store, step.id, 'wine/announced');
  await logged(store, step.id, [
    { kind: 'metrics', values: { loss: 2 }, step: 1.5, context: 'val' },
    { kind: 'metrics', values: { bad: NaN }, step: 0 },
    { kind: 'note', markdown: 'x' },
  ]);
  await store.finishRun({
    id: run.id,
    workerId: WORKER.id,
    status: 'completed',
    endedAt: 5,
    warnings: [],
    outcome: { status: 'completed' },
  });
  store.close();

  const db = new DatabaseSync(path, { readOnly: true });
  const rows = (view: string) => db.prepare(`SELECT * FROM ${view} ORDER BY id, 2`).all();
  expect(rows('v_runs')).toEqual([
    {
      ...{ id: run.id, name: 'first', pipeline: 'wine', experiment: 'wine', status: 'completed', stack: 'default', user: 'me' },
      ...{ started_at: 1_000, ended_at: 5, error_name: null, error_message: null, note: null },
    },
  ]);
  expect(rows('v_steps')).toMatchObject([
    { id: step.id, run_id: run.id, run: 'first', step_id: 'score', map_index: 0, step: 'score', attempt: 1, status: 'completed' },
  ]);
  expect(rows('v_metrics')).toEqual([
    { id: step.id, name: 'bad', context: null, count: 1, last: 'NaN', last_step: 0, last_at: 2, min: null, max: null },
    { id: step.id, name: 'loss', context: 'val', count: 1, last: 2, last_step: 1.5, last_at: 1, min: 2, max: 2 },
  ]);
  expect(rows('v_params')).toEqual([
    { id: run.id, name: 'lr', type: 'number', value: '0.5', number: 0.5 },
    { id: run.id, name: 'opt', type: 'string', value: 'adam', number: null },
  ]);
  expect(rows('v_tags')).toEqual([{ id: run.id, name: 'team', value: 'a' }]);
  expect(rows('v_artifacts')).toMatchObject([{ artifact: 'wine/score/output', version: 1, output: 'output', producer_run_id: step.id }]);
  db.close();
  remove();
});
