import { found, type Rest } from './http/rest.ts';
import { isMlflowError } from './mlflow-error.ts';
import { pairs } from './pairs.ts';
import {
  modelVersion,
  registeredModel,
  type ModelVersion,
  type ModelVersionPage,
  type ModelVersionQuery,
  type NewModelVersion,
  type NewRegisteredModel,
  type RegisteredModel,
} from './registered-model.ts';

export async function createModel(
  rest: Rest,
  name: string,
  { tags, description }: NewRegisteredModel,
  signal?: AbortSignal,
): Promise<RegisteredModel> {
  const answer = await rest.post('registered-models/create', { name, tags: pairs(tags), description }, signal);
  return registeredModel(answer.object('registered_model'));
}

export async function getModel(rest: Rest, name: string, signal?: AbortSignal): Promise<RegisteredModel | undefined> {
  const answer = await found(rest.get('registered-models/get', { name }, signal));
  return answer && registeredModel(answer.object('registered_model'));
}

export async function createVersion(rest: Rest, version: NewModelVersion, signal?: AbortSignal): Promise<ModelVersion> {
  const { name, source, runId, modelId, tags, description } = version;
  const asked = { name, source, run_id: runId, model_id: modelId, tags: pairs(tags), description };
  return modelVersion((await rest.post('model-versions/create', asked, signal)).object('model_version'));
}

export async function getVersion(rest: Rest, name: string, version: string, signal?: AbortSignal): Promise<ModelVersion | undefined> {
  const answer = await found(rest.get('model-versions/get', { name, version }, signal));
  return answer && modelVersion(answer.object('model_version'));
}

export async function searchVersions(rest: Rest, query: ModelVersionQuery, signal?: AbortSignal): Promise<ModelVersionPage> {
  const { filter, orderBy, maxResults, pageToken } = query;
  const asked = { filter, order_by: orderBy, max_results: maxResults, page_token: pageToken };
  const answer = await rest.get('model-versions/search', asked, signal);
  return { versions: answer.objects('model_versions').map(modelVersion), ...answer.nextPage() };
}

export async function setAlias(rest: Rest, name: string, alias: string, version: string, signal?: AbortSignal): Promise<void> {
  await rest.post('registered-models/alias', { name, alias, version }, signal);
}

export async function deleteAlias(rest: Rest, name: string, alias: string, signal?: AbortSignal): Promise<void> {
  await rest.delete('registered-models/alias', { name, alias }, signal);
}

export async function getVersionByAlias(rest: Rest, name: string, alias: string, signal?: AbortSignal): Promise<ModelVersion | undefined> {
  const answer = await found(rest.get('registered-models/alias', { name, alias }, signal)).catch(undefinedAlias);
  return answer && modelVersion(answer.object('model_version'));
}

/** The server says 400 of an alias that there is not. */
function undefinedAlias(error: unknown): undefined {
  if (isMlflowError(error) && error.kind === 'invalid' && /alias .* not found/.test(error.message)) return undefined;
  throw error;
}
