import { paged } from './page-token.ts';
import { PAIR } from './proto-message.ts';
import { pointDescription } from './run-description.ts';
import { invalid, missing } from './stub-refusal.ts';
import { messageOf, type Routes, type StubCall } from './stub-request.ts';
import { filledList, listed, madeUpName, newId, type StubLoggedModel } from './stub-store.ts';

const STATUSES = ['LOGGED_MODEL_PENDING', 'LOGGED_MODEL_READY', 'LOGGED_MODEL_UPLOAD_FAILED'];

export const modelRoutes: Routes = {
  'POST mlflow/logged-models': (call) => {
    const texts = { experiment_id: 'text', name: 'text', model_type: 'text', source_run_id: 'text' } as const;
    const asked = messageOf(call, { ...texts, params: { list: PAIR }, tags: { list: PAIR } }, { experiment_id: ['required', 'string'] });
    const name = asked.text('name') || madeUpName();
    if (/[/:.%"']/.test(name)) throw invalid(`Invalid model name ('${name}') provided.`);
    const { id: experimentId } = call.store.activeExperiment(asked.text('experiment_id'));
    const now = Date.now();
    const model: StubLoggedModel = {
      id: `m-${newId()}`,
      experimentId,
      name,
      status: 'LOGGED_MODEL_PENDING',
      modelType: asked.text('model_type'),
      sourceRunId: asked.text('source_run_id'),
      createdAt: now,
      updatedAt: now,
      params: new Map(asked.pairs('params')),
      tags: new Map(asked.pairs('tags')),
      points: [],
    };
    call.store.loggedModels.set(model.id, model);
    return { model: described(call, model) };
  },

  'GET mlflow/logged-models/*': (call) => ({ model: described(call, modelOf(call)) }),

  'PATCH mlflow/logged-models/*': (call) => {
    const model = modelOf(call);
    // No word of its own that fits: none at all.
    model.status = messageOf(call, { status: STATUSES }).text('status') || 'LOGGED_MODEL_STATUS_UNSPECIFIED';
    model.updatedAt = Date.now();
    return { model: described(call, model) };
  },

  'POST mlflow/logged-models/search': (call) => {
    const shape = { experiment_ids: { list: 'text' }, filter: 'text', max_results: 'integer', page_token: 'text' } as const;
    const asked = messageOf(call, shape);
    const [, name] = /^\s*name\s*=\s*'([^']*)'\s*$/.exec(asked.text('filter')) ?? [];
    const found = [...call.store.loggedModels.values()]
      .filter((model) => asked.texts('experiment_ids').includes(model.experimentId) && (name === undefined || model.name === name))
      .reverse();
    const { page, ...next } = paged(found, asked.number('max_results') || 100, asked.text('page_token'));
    return { models: filledList(page.map((model) => described(call, model))), ...next };
  },
};

function modelOf({ store, rest }: StubCall): StubLoggedModel {
  const model = store.loggedModels.get(rest);
  if (model === undefined) throw missing(`Logged model with ID '${rest}' not found.`);
  return model;
}

function described({ store }: StubCall, model: StubLoggedModel): object {
  return {
    info: {
      model_id: model.id,
      experiment_id: model.experimentId,
      name: model.name,
      creation_timestamp_ms: model.createdAt,
      last_updated_timestamp_ms: model.updatedAt,
      artifact_uri: `${store.experiment(model.experimentId).artifactLocation}/models/${model.id}/artifacts`,
      status: model.status,
      model_type: model.modelType,
      source_run_id: model.sourceRunId,
      tags: listed(model.tags),
    },
    data: { params: listed(model.params), metrics: filledList(model.points.map(pointDescription)) },
  };
}
