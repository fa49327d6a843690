import { paged } from './page-token.ts';
import { PAIR } from './proto-message.ts';
import { invalid, missing, refusal } from './stub-refusal.ts';
import { messageOf, type Routes, type StubCall } from './stub-request.ts';
import { filledList, listed, type StubModelVersion, type StubRegisteredModel } from './stub-store.ts';

const NAME = { name: ['required', 'string'] } as const;
const ALIAS = { name: 'text', alias: 'text', version: 'text' } as const;

export const registryRoutes: Routes = {
  'POST mlflow/registered-models/create': (call) => {
    const asked = messageOf(call, { name: 'text', description: 'text', tags: { list: PAIR } }, NAME);
    const name = asked.text('name');
    if (name === '') throw invalid("Missing value for required parameter 'name'.");
    if (call.store.registeredModels.has(name)) throw refusal('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${name}) already exists.`);
    const now = Date.now();
    const tags = new Map(asked.pairs('tags'));
    const model = { name, description: asked.text('description'), createdAt: now, updatedAt: now, tags, aliases: new Map(), versions: [] };
    call.store.registeredModels.set(name, model);
    return { registered_model: described(model) };
  },

  'GET mlflow/registered-models/get': (call) => ({
    registered_model: described(modelOf(call, messageOf(call, { name: 'text' }, NAME).text('name'))),
  }),

  'POST mlflow/model-versions/create': (call) => {
    const texts = { name: 'text', source: 'text', run_id: 'text', model_id: 'text', description: 'text' } as const;
    const asked = messageOf(call, { ...texts, tags: { list: PAIR } }, { ...NAME, source: ['required', 'string'] });
    const source = asked.text('source');
    if (source.startsWith('runs:/') && asked.text('run_id') === '') {
      throw invalid(
        `Invalid model version source: '${source}'. The run_id request parameter must identify the resource that contains the source.`,
      );
    }
    const model = modelOf(call, asked.text('name'));
    const loggedModel = call.store.loggedModels.get(asked.text('model_id'));
    const version = {
      name: model.name,
      version: String(model.versions.length + 1),
      source,
      runId: asked.text('run_id') || (loggedModel?.sourceRunId ?? ''),
      description: asked.text('description'),
      createdAt: Date.now(),
      tags: new Map(asked.pairs('tags')),
    };
    model.versions.push(version);
    // As Python writes it.
    loggedModel?.tags.set('mlflow.modelVersions', `[{"name": "${model.name}", "version": ${version.version}}]`);
    model.updatedAt = version.createdAt;
    return { model_version: describedVersion(model, version) };
  },

  'GET mlflow/model-versions/get': (call) => {
    const asked = messageOf(call, { name: 'text', version: 'text' }, { ...NAME, version: ['required', 'string'] });
    return { model_version: versionOf(call, asked.text('name'), asked.text('version')) };
  },

  'GET mlflow/model-versions/search': (call) => {
    const asked = messageOf(call, { filter: 'text', max_results: 'integer', page_token: 'text' });
    const clauses = [...asked.text('filter').matchAll(/(\w+)\s*=\s*'([^']*)'/g)];
    const isWanted = ({ name, runId, version }: StubModelVersion): boolean =>
      clauses.every(([, field = '', value]) => ({ name, run_id: runId, version_number: version })[field] === value);
    const found = [...call.store.registeredModels.values()]
      .flatMap((model) => model.versions.filter(isWanted).map((version) => ({ model, version })))
      .sort((a, b) => b.version.createdAt - a.version.createdAt || Number(b.version.version) - Number(a.version.version));
    const { page, ...next } = paged(found, asked.number('max_results') || 10_000, asked.text('page_token'));
    return { model_versions: filledList(page.map(({ model, version }) => describedVersion(model, version))), ...next };
  },

  'POST mlflow/registered-models/alias': (call) => {
    const asked = messageOf(call, ALIAS, { ...NAME, alias: ['required', 'string'], version: ['required', 'string'] });
    const [name, alias, version] = [asked.text('name'), asked.text('alias'), asked.text('version')];
    if (alias.toLowerCase() === 'latest') throw invalid("'latest' alias name (case insensitive) is reserved.");
    versionOf(call, name, version);
    modelOf(call, name).aliases.set(alias, version);
    return {};
  },

  'DELETE mlflow/registered-models/alias': (call) => {
    const asked = messageOf(call, ALIAS, NAME);
    modelOf(call, asked.text('name')).aliases.delete(asked.text('alias'));
    return {};
  },

  'GET mlflow/registered-models/alias': (call) => {
    const asked = messageOf(call, ALIAS, NAME);
    const version = modelOf(call, asked.text('name')).aliases.get(asked.text('alias'));
    // 400, and not 404 as all else that is not there.
    if (version === undefined) throw invalid(`Registered model alias ${asked.text('alias')} not found.`);
    return { model_version: versionOf(call, asked.text('name'), version) };
  },
};

function modelOf({ store }: StubCall, name: string): StubRegisteredModel {
  const model = store.registeredModels.get(name);
  if (model === undefined) throw missing(`Registered Model with name=${name} not found`);
  return model;
}

function versionOf(call: StubCall, name: string, number: string): object {
  const model = call.store.registeredModels.get(name);
  const version = model?.versions.find((one) => one.version === number);
  if (model === undefined || version === undefined) throw missing(`Model Version (name=${name}, version=${number}) not found`);
  return describedVersion(model, version);
}

function described(model: StubRegisteredModel): object {
  return {
    name: model.name,
    creation_timestamp: model.createdAt,
    last_updated_timestamp: model.updatedAt,
    description: model.description || undefined,
    tags: listed(model.tags),
    aliases: filledList([...model.aliases].map(([alias, version]) => ({ alias, version }))),
  };
}

function describedVersion({ aliases }: StubRegisteredModel, one: StubModelVersion): object {
  return {
    name: one.name,
    version: one.version,
    creation_timestamp: one.createdAt,
    last_updated_timestamp: one.createdAt,
    current_stage: 'None',
    description: one.description,
    source: one.source,
    run_id: one.runId,
    status: 'READY',
    run_link: '',
    tags: listed(one.tags),
    aliases: filledList([...aliases].filter(([, version]) => version === one.version).map(([alias]) => alias)),
  };
}
