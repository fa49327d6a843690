import { createHash } from 'node:crypto';

import type { TrackerState } from '@mortise/flavor-testkit';

/** A run as MLflow's REST API tells it: without the client that is under test. */
interface ToldRun {
  info: { run_id: string; run_name: string; experiment_id: string; status: string; end_time?: number; artifact_uri: string };
  data: { metrics?: { key: string }[]; params?: Pair[]; tags?: Pair[] };
  inputs?: { dataset_inputs?: { dataset: { name: string }; tags?: Pair[] }[] };
  outputs?: { model_outputs?: { model_id: string }[] };
}
interface Pair {
  key: string;
  value?: string;
}
interface Told {
  files?: { path: string; is_dir?: boolean; file_size?: number }[];
}

const STATUS: Record<string, TrackerState['status']> = { RUNNING: 'running', FINISHED: 'completed', FAILED: 'failed', KILLED: 'killed' };
const LARGEST = 1.7976931348623157e308;

/** Asks a server for JSON; undefined for what is not there. */
async function ask<T>(url: string): Promise<T | undefined> {
  const response = await fetch(url);
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

const recordOf = (pairs: Pair[] = []): Record<string, string> => Object.fromEntries(pairs.map(({ key, value = '' }) => [key, value]));

/** What a server holds of a run, as its pages show it. */
export async function readRun(server: string, runId: string): Promise<TrackerState | undefined> {
  const api = `${server}/api/2.0/mlflow`;
  const run = (await ask<{ run: ToldRun }>(`${api}/runs/get?run_id=${runId}`))?.run;
  if (run === undefined) return undefined;
  const { info, data, inputs, outputs } = run;
  const tags = recordOf(data.tags);
  const infinite = new Set(JSON.parse(tags['mortise.infinite'] ?? '[]') as string[]);
  const metrics: TrackerState['metrics'] = [];
  for (const { key } of data.metrics ?? []) {
    for (const { value, step } of await historyOf(api, runId, key))
      metrics.push({ name: key, value: infinite.has(key) && Math.abs(value) === LARGEST ? Math.sign(value) * Infinity : value, step });
  }
  const artifacts = await filesOf(server, info.artifact_uri);
  for (const { model_id: id } of outputs?.model_outputs ?? []) {
    const model = (await ask<{ model: { info: { name: string; artifact_uri: string } } }>(`${api}/logged-models/${id}`))!.model.info;
    for (const [path, facts] of Object.entries(await filesOf(server, model.artifact_uri))) artifacts[`${model.name}/${path}`] = facts;
  }
  const error = [tags['mortise.error.name'], tags['mortise.error.message']].filter((text) => text !== undefined).join(': ');
  return {
    status: STATUS[info.status]!,
    name: info.run_name,
    tags,
    params: recordOf(data.params),
    metrics,
    artifacts,
    documents: Object.keys(artifacts).flatMap((path) => /^([^/]+)\.json$/.exec(path)?.[1] ?? []),
    datasets: (inputs?.dataset_inputs ?? []).map(({ dataset }) => dataset.name),
    links: tags,
    ...(error !== '' && { error }),
    ...(tags['mlflow.parentRunId'] !== undefined && { parent: tags['mlflow.parentRunId'] }),
    ...(tags['mlflow.note.content'] !== undefined && { note: tags['mlflow.note.content'] }),
    ...(info.end_time !== undefined && { endedAt: Number(info.end_time) }),
  };
}

async function historyOf(api: string, runId: string, key: string): Promise<{ value: number; step: number }[]> {
  const query = `run_id=${runId}&metric_key=${encodeURIComponent(key)}&max_results=25000`;
  const { metrics = [] } = (await ask<{ metrics?: { value: number | string; step?: number | string }[] }>(
    `${api}/metrics/get-history?${query}`,
  ))!;
  return metrics.map(({ value, step = 0 }) => ({ value: Number(value), step: Number(step) }));
}

async function filesOf(server: string, artifactUri: string): Promise<TrackerState['artifacts']> {
  const root = artifactUri.replace('mlflow-artifacts:/', '');
  const proxy = `${server}/api/2.0/mlflow-artifacts/artifacts`;
  const files: TrackerState['artifacts'] = {};
  const walk = async (folder: string): Promise<void> => {
    const listed = await ask<Told>(`${proxy}?path=${encodeURIComponent([root, folder].filter(Boolean).join('/'))}`);
    for (const { path, is_dir: isDir } of listed?.files ?? []) {
      const whole = [folder, path].filter(Boolean).join('/');
      if (isDir === true) await walk(whole);
      else files[whole] = await factsOf(`${proxy}/${[root, whole].join('/').split('/').map(encodeURIComponent).join('/')}`);
    }
  };
  await walk('');
  return files;
}

async function factsOf(url: string): Promise<{ sha256: string; size: number }> {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}
