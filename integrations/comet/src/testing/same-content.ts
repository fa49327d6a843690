import { notePage } from '../run/note-page.ts';
import { flatParams } from '../run/flat-params.ts';
import type { CometExperiment } from './comet-experiment.ts';
import type { Scenario } from './scenarios.ts';

/**
 * What is not compared, because one client says it of its own accord:
 * - parameters `curr_step` and `curr_epoch` and the metric `process duration`, which Comet's Python client adds to every step;
 * - others that begin with `mortise.`, which are ours, and `offline_experiment`, which says by which way it came;
 * - times, epochs (ours has none), versions, ids of assets and of requests, and the routes: assets go by REST v2 here and by clientlib there;
 * - how points and parameters are cut into batches, heartbeats, and questions that change nothing;
 * - lists of lists, which are JSON text here: the schemas of Comet's archives take lists of plain values only;
 * - the wording of an error: "Unexpected error detected in the user script: RuntimeError(...)" there, "RuntimeError: ..." here. Its message must be in both.
 */
const ADDED_PARAMS = ['curr_step', 'curr_epoch'];
const ADDED_METRIC = 'process duration';
const isAddedOther = (name: string): boolean => name.startsWith('mortise.') || name === 'offline_experiment';

/** All that is compared. */
export interface Content {
  name: unknown;
  labels: string[];
  params: Record<string, unknown>;
  others: Record<string, unknown>;
  html: string[];
  /** `name step: value`, as often as it is there. */
  points: string[];
  assets: [path: string, text: string][];
}

export function contentOf(experiment: CometExperiment): Content {
  const { Name: name, ...others } = Object.fromEntries([...experiment.others].filter(([key]) => !isAddedOther(key)));
  return {
    name,
    labels: [...experiment.tags].sort(),
    params: Object.fromEntries([...experiment.params].filter(([key]) => !ADDED_PARAMS.includes(key))),
    others,
    html: experiment.html,
    points: experiment.points
      .filter(({ metricName }) => metricName !== ADDED_METRIC)
      .map(({ metricName, metricValue, step, context }) => pointText(metricName, metricValue, step, context))
      .sort(),
    assets: experiment.assets.map(({ fileName, bytes }): [string, string] => [fileName, bytes.toString()]),
  };
}

/** What Comet is to hold of a scenario. */
export function contentOfScenario({ name, labels, params, others, html, rows, assets }: Scenario): Content {
  const flat = flatParams(params);
  return {
    name,
    labels: [...labels].sort(),
    params: Object.fromEntries(flat.params),
    others: { ...others, ...(flat.nested && { hasNestedParams: true }) },
    html: html === undefined ? [] : [notePage(html)],
    points: rows.flatMap(({ values, step }) => Object.entries(values).map(([key, value]) => pointText(key, value, step, null))).sort(),
    assets: assets.map(({ path, text }): [string, string] => [path, text]),
  };
}

function pointText(name: string, value: unknown, step: number | null, context: string | null): string {
  return `${context === null ? '' : `${context}: `}${name} ${String(step).padStart(8)}: ${String(value)}`;
}
