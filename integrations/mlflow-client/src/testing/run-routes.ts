import { isWanted } from './experiment-routes.ts';
import { paged } from './page-token.ts';
import { invalidValue, PAIR } from './proto-message.ts';
import { runDescription, runInfo } from './run-description.ts';
import { foundBy, orderedBy } from './run-search.ts';
import { databaseError, missing } from './stub-refusal.ts';
import { messageOf, type Routes, type StubCall } from './stub-request.ts';
import { filledList, madeUpName, newId, type StubRun } from './stub-store.ts';

const STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'];
const RUN_ID = { run_id: ['required', 'string'] } as const;
const RUN_NAME = 'mlflow.runName';
const LONGEST_TAG = 8_000;

export const runRoutes: Routes = {
  'POST mlflow/runs/create': (call) => {
    const shape = { experiment_id: 'text', user_id: 'text', run_name: 'text', start_time: 'integer', tags: { list: PAIR } } as const;
    const asked = messageOf(call, shape, { experiment_id: ['string'], start_time: ['integer'], run_name: ['string'] });
    const experimentId = asked.text('experiment_id');
    if (experimentId === '') {
      const what = '(raised as a result of Query-invoked autoflush)\n(sqlite3.IntegrityError) FOREIGN KEY constraint failed';
      throw databaseError('BAD_REQUEST', what, 'INSERT INTO runs (run_uuid, name) VALUES (?, ?)');
    }
    call.store.activeExperiment(experimentId);
    const tags = new Map(asked.pairs('tags').map(([key, value]) => [key, value.slice(0, LONGEST_TAG)]));
    const name = asked.text('run_name') || (tags.get(RUN_NAME) ?? madeUpName());
    tags.set(RUN_NAME, name);
    const run = newRun(experimentId, { name, userId: asked.text('user_id'), startTime: asked.number('start_time'), tags });
    call.store.runs.set(run.id, run);
    return { run: runDescription(call.store, run) };
  },

  'GET mlflow/runs/get': (call) => {
    const id = messageOf(call, { run_id: 'text' }, RUN_ID).text('run_id');
    return { run: runDescription(call.store, call.store.run(id)) };
  },

  'POST mlflow/runs/update': (call) => {
    const shape = { run_id: 'text', status: STATUSES, end_time: 'integer', run_name: 'text' } as const;
    const asked = messageOf(call, shape, { ...RUN_ID, end_time: ['integer'], status: ['string'], run_name: ['string'] });
    const run = call.store.activeRun(asked.text('run_id'));
    if (asked.has('status')) run.status = asked.text('status');
    if (asked.has('end_time')) run.endTime = asked.number('end_time');
    if (asked.text('run_name') !== '') {
      run.name = asked.text('run_name');
      run.tags.set(RUN_NAME, run.name);
    }
    return { run_info: runInfo(call.store, run) };
  },

  'POST mlflow/runs/delete': (call) => setDeleted(call, true),
  'POST mlflow/runs/restore': (call) => setDeleted(call, false),

  'POST mlflow/runs/search': (call) => {
    const shape = { experiment_ids: { list: 'text' }, filter: 'text', order_by: { list: 'text' }, max_results: 'integer' } as const;
    const asked = messageOf(call, { ...shape, page_token: 'text', run_view_type: 'text' }, { experiment_ids: ['array'] });
    const most = asked.has('max_results') ? asked.number('max_results') : 1_000;
    if (most > 50_000) throw invalidValue('max_results', most);
    const inExperiments = [...call.store.runs.values()].filter((run) => asked.texts('experiment_ids').includes(run.experimentId));
    const wanted = inExperiments.filter((run) => isWanted(run, asked.text('run_view_type')));
    const found = orderedBy(asked.texts('order_by'), foundBy(asked.text('filter'), wanted));
    const { page, ...next } = paged(found, most, asked.text('page_token'));
    return { runs: filledList(page.map((run) => runDescription(call.store, run))), ...next };
  },

  'POST mlflow/runs/delete-tag': (call) => {
    const asked = messageOf(call, { run_id: 'text', key: 'text' }, { ...RUN_ID, key: ['required', 'string'] });
    const run = call.store.activeRun(asked.text('run_id'));
    if (!run.tags.delete(asked.text('key'))) throw missing(`No tag with name: ${asked.text('key')} in run with id ${run.id}`);
    return {};
  },
};

function newRun(experimentId: string, given: Pick<StubRun, 'name' | 'userId' | 'startTime' | 'tags'>): StubRun {
  return {
    id: newId(),
    experimentId,
    ...given,
    status: 'RUNNING',
    endTime: undefined,
    isDeleted: false,
    params: new Map(),
    points: new Map(),
    latest: new Map(),
    datasets: [],
    outputs: new Map(),
  };
}

function setDeleted(call: StubCall, isDeleted: boolean): object {
  call.store.run(messageOf(call, { run_id: 'text' }, RUN_ID).text('run_id')).isDeleted = isDeleted;
  return {};
}
