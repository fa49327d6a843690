import { paged } from './page-token.ts';
import { invalidValue, PAIR } from './proto-message.ts';
import { databaseError, invalid, missing } from './stub-refusal.ts';
import { messageOf, type Routes, type StubCall } from './stub-request.ts';
import { filledList, listed, type StubExperiment } from './stub-store.ts';

const ID = { shape: { experiment_id: 'text' }, schema: { experiment_id: ['required', 'string'] } } as const;

export const experimentRoutes: Routes = {
  'POST mlflow/experiments/create': (call) => {
    const shape = { name: 'text', artifact_location: 'text', tags: { list: PAIR } } as const;
    const asked = messageOf(call, shape, { name: ['required', 'string'] });
    const name = asked.text('name');
    if (name === '') throw invalid("Invalid experiment name: ''");
    if (name.length > 500) throw invalid("'name' exceeds the maximum length of 500 characters");
    if (byName(call, name) !== undefined) {
      const what = `Experiment(name=${name}) already exists. Error: (sqlite3.IntegrityError) UNIQUE constraint failed: experiments.name`;
      throw databaseError('RESOURCE_ALREADY_EXISTS', what, 'INSERT INTO experiments (name, workspace) VALUES (?, ?)');
    }
    return { experiment_id: call.store.addExperiment(name, asked.text('artifact_location'), new Map(asked.pairs('tags'))).id };
  },

  'GET mlflow/experiments/get': (call) => ({
    experiment: described(call.store.experiment(messageOf(call, ID.shape, ID.schema).text('experiment_id'))),
  }),

  'GET mlflow/experiments/get-by-name': (call) => {
    const name = messageOf(call, { experiment_name: 'text' }, { experiment_name: ['required', 'string'] }).text('experiment_name');
    const experiment = byName(call, name);
    if (experiment === undefined) throw missing(`Could not find experiment with name '${name}'`);
    return { experiment: described(experiment) };
  },

  'POST mlflow/experiments/search': (call) => {
    const asked = messageOf(call, { max_results: 'integer', page_token: 'text', view_type: 'text', filter: 'text' });
    const most = asked.number('max_results');
    if (most <= 0) throw invalid(`Invalid value ${most} for parameter 'max_results' supplied. It must be a positive integer`);
    if (most > 50_000) throw invalidValue('max_results', most);
    const [, name] = /^\s*name\s*=\s*'([^']*)'\s*$/.exec(asked.text('filter')) ?? [];
    const found = [...call.store.experiments.values()]
      .filter((one) => isWanted(one, asked.text('view_type')) && (name === undefined || one.name === name))
      .sort((a, b) => b.updatedAt - a.updatedAt || Number(b.id) - Number(a.id));
    const { page, ...next } = paged(found, most, asked.text('page_token'));
    return { experiments: filledList(page.map(described)), ...next };
  },

  'GET mlflow/traces': (call) => {
    const asked = messageOf(call, { experiment_ids: { list: 'text' }, max_results: 'integer' });
    const ids = new Set(asked.texts('experiment_ids'));
    const traces = [...call.store.experiments.values()].flatMap((one) => (ids.has(one.id) ? one.traces : []));
    return { traces: filledList(traces.slice(0, asked.number('max_results')).map((id) => ({ request_id: id }))) };
  },

  'POST mlflow/experiments/delete': (call) => {
    call.store.activeExperiment(messageOf(call, ID.shape, ID.schema).text('experiment_id')).isDeleted = true;
    return {};
  },

  'POST mlflow/experiments/restore': (call) => {
    call.store.experiment(messageOf(call, ID.shape, ID.schema).text('experiment_id')).isDeleted = false;
    return {};
  },

  'POST mlflow/experiments/set-experiment-tag': (call) => {
    const asked = messageOf(call, { ...ID.shape, key: 'text', value: 'text' }, { ...ID.schema, key: ['required', 'string'] });
    if (asked.text('value').length > 20_000) throw invalid("'value' exceeds the maximum length of 20000 characters");
    call.store.activeExperiment(asked.text('experiment_id')).tags.set(asked.text('key'), asked.text('value'));
    return {};
  },
};

function byName({ store }: StubCall, name: string): StubExperiment | undefined {
  return [...store.experiments.values()].find((one) => one.name === name);
}

export function isWanted({ isDeleted }: { isDeleted: boolean }, viewType: string): boolean {
  return viewType === 'ALL' || isDeleted === (viewType === 'DELETED_ONLY');
}

function described({ id, name, artifactLocation, isDeleted, createdAt, updatedAt, tags }: StubExperiment): object {
  return {
    experiment_id: id,
    name,
    artifact_location: artifactLocation,
    lifecycle_stage: isDeleted ? 'deleted' : 'active',
    creation_time: createdAt,
    last_update_time: updatedAt,
    tags: listed(tags),
  };
}
