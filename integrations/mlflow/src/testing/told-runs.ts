import type { ToldRuns } from '../../../../core/src/testing/told-runs.ts';
import { readRun } from './read-run.ts';

/** Ids of the MLflow runs that are there for a pipeline run, those of its attempts included. */
export async function runIdsAt(server: string, { experiment, runId }: { experiment: string; runId: string }): Promise<string[]> {
  const api = `${server}/api/2.0/mlflow`;
  const answer = await fetch(`${api}/experiments/get-by-name?experiment_name=${encodeURIComponent(experiment)}`);
  if (answer.status === 404) return [];
  const { experiment: found } = await jsonOf<{ experiment: { experiment_id: string } }>(answer);
  const search = {
    experiment_ids: [found.experiment_id],
    filter: `tags.\`mortise.run_id\` = '${runId}'`,
    max_results: 1_000,
    run_view_type: 'ALL',
  };
  const { runs = [] } = await jsonOf<{ runs?: { info: { run_id: string } }[] }>(
    await fetch(`${api}/runs/search`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(search) }),
  );
  return runs.map(({ info }) => info.run_id);
}

async function jsonOf<T>(answer: Response): Promise<T> {
  if (!answer.ok) throw new Error(`${answer.url} was answered with ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** What MLflow's REST API says of all runs that it has for a pipeline run. */
export async function toldByMlflow(server: string, place: { experiment: string; runId: string }): Promise<ToldRuns> {
  const ids = await runIdsAt(server, place);
  const states = await Promise.all(ids.map(async (id) => ({ id, ...(await readRun(server, id))! })));
  const labelOf = ({ tags }: (typeof states)[0]): string =>
    tags['mortise.step'] === undefined ? 'run' : `${tags['mortise.step']} ${tags['mortise.attempt']}`;
  const labelled = (of: (state: (typeof states)[0]) => boolean): string | null => {
    const found = states.find(of);
    return found === undefined ? 'none that is there' : labelOf(found);
  };
  const told: ToldRuns = {};
  for (const state of states) {
    const { status, endedAt, error, parent, tags, metrics } = state;
    const by = tags['mortise.superseded_by'];
    (told[labelOf(state)] ??= []).push({
      status,
      endedAt: endedAt === undefined ? null : new Date(endedAt).toISOString(),
      error: error ?? null,
      parent: parent === undefined ? null : labelled(({ id }) => id === parent),
      supersededBy: by === undefined ? null : labelled(({ tags: { 'mortise.key': key } }) => key === by),
      points: Object.fromEntries(
        Array.from(
          Map.groupBy(metrics, ({ name }) => name),
          ([name, points]) => [name, points.length],
        ),
      ),
    });
  }
  return told;
}
