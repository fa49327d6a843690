import { experiment, type Experiment, type ExperimentPage, type ExperimentQuery, type NewExperiment } from './experiment.ts';
import { found, type Rest } from './http/rest.ts';
import { pairs } from './pairs.ts';

export async function create(rest: Rest, name: string, { artifactLocation, tags }: NewExperiment, signal?: AbortSignal): Promise<string> {
  const answer = await rest.post('experiments/create', { name, artifact_location: artifactLocation, tags: pairs(tags) }, signal);
  return answer.required('experiment_id');
}

export function get(rest: Rest, experimentId: string, signal?: AbortSignal): Promise<Experiment | undefined> {
  return lookup(rest, 'experiments/get', { experiment_id: experimentId }, signal);
}

export function getByName(rest: Rest, name: string, signal?: AbortSignal): Promise<Experiment | undefined> {
  return lookup(rest, 'experiments/get-by-name', { experiment_name: name }, signal);
}

export async function search(rest: Rest, query: ExperimentQuery, signal?: AbortSignal): Promise<ExperimentPage> {
  const { filter, orderBy, maxResults = 1_000, pageToken, viewType } = query;
  const asked = { filter, order_by: orderBy, max_results: maxResults, page_token: pageToken, view_type: viewType };
  const answer = await rest.post('experiments/search', asked, signal);
  return { experiments: answer.objects('experiments').map(experiment), ...answer.nextPage() };
}

export async function hasTraces(rest: Rest, experimentId: string, signal?: AbortSignal): Promise<boolean> {
  const answer = await rest.get('traces', { experiment_ids: [experimentId], max_results: 1 }, signal);
  return answer.objects('traces').length > 0;
}

async function lookup(rest: Rest, route: string, query: Record<string, string>, signal?: AbortSignal): Promise<Experiment | undefined> {
  const answer = await found(rest.get(route, query, signal));
  return answer && experiment(answer.object('experiment'));
}
