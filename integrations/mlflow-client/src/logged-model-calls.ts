import { found, type Rest } from './http/rest.ts';
import { refuseUnlessWellFormed } from './http/well-formed.ts';
import {
  finalStatuses,
  loggedModel,
  type FinalLoggedModelStatus,
  type LoggedModel,
  type LoggedModelPage,
  type LoggedModelQuery,
  type NewLoggedModel,
} from './logged-model.ts';
import { pairs } from './pairs.ts';
import { invalid } from './refuse.ts';

export async function create(rest: Rest, model: NewLoggedModel, signal?: AbortSignal): Promise<LoggedModel> {
  const { experimentId, name, sourceRunId, modelType, params, tags } = model;
  const asked = {
    experiment_id: experimentId,
    name,
    source_run_id: sourceRunId,
    model_type: modelType,
    params: pairs(params),
    tags: pairs(tags),
  };
  return loggedModel((await rest.post('logged-models', asked, signal)).object('model'));
}

export async function get(rest: Rest, modelId: string, signal?: AbortSignal): Promise<LoggedModel | undefined> {
  const answer = await found(rest.get(routeOf(modelId), {}, signal));
  return answer && loggedModel(answer.object('model'));
}

export async function finalize(rest: Rest, modelId: string, status: FinalLoggedModelStatus, signal?: AbortSignal): Promise<LoggedModel> {
  if (!finalStatuses.includes(status))
    throw invalid(`A logged model ends as ${finalStatuses.join(' or ')}, not as ${JSON.stringify(status)}`);
  const answer = await rest.patch(routeOf(modelId), { model_id: modelId, status }, signal);
  return loggedModel(answer.object('model'));
}

export async function search(rest: Rest, query: LoggedModelQuery, signal?: AbortSignal): Promise<LoggedModelPage> {
  const { experimentIds, filter, orderBy, maxResults, pageToken } = query;
  const asked = {
    experiment_ids: experimentIds,
    filter,
    order_by: orderBy?.map(({ field, ascending = true }) => ({ field_name: field, ascending })),
    max_results: maxResults,
    page_token: pageToken,
  };
  const answer = await rest.post('logged-models/search', asked, signal);
  return { models: answer.objects('models').map(loggedModel), ...answer.nextPage() };
}

function routeOf(modelId: string): string {
  refuseUnlessWellFormed('logged-models', { model_id: modelId });
  return `logged-models/${encodeURIComponent(modelId)}`;
}
