import type { Json, Outcome, TrackerEvent, TrackerRunIdentity, TrackerRunStart } from '@mortise/core';

/** The file of one tracker run. Times are ISO 8601 UTC with ms; NaN and infinities are strings. */
export interface RunSummary {
  key: string;
  name: string;
  experiment: string;
  group: string;
  /** Key of the parent tracker run. */
  parent: string | null;
  status: 'running' | Outcome['status'];
  error: { name: string; message: string } | null;
  /** Of a run that marks a cache hit: where the outputs are from. */
  source?: { runId: string; url?: string };
  /** Key of the tracker run that replaces this one. */
  supersededBy: string | null;
  startedAt: string;
  endedAt: string | null;
  user: string | null;
  params: Record<string, Json>;
  /** Last values. A metric with a context comes as `context/name`. */
  metrics: Record<string, number | string>;
  tags: Record<string, string>;
  note: string | null;
  artifacts: Record<string, { uri: string; sha256: string; size: number }>;
  /** Media types of what was logged as JSON, by name. */
  documents: Record<string, string>;
  datasets: { name: string; digest?: string; source?: string; context?: string }[];
}

export function newSummary(id: TrackerRunIdentity, start: TrackerRunStart): RunSummary {
  return {
    key: id.key,
    name: start.name,
    experiment: start.experiment,
    group: start.group,
    parent: id.parentKey ?? null,
    status: 'running',
    error: null,
    supersededBy: null,
    startedAt: new Date(start.startedAt).toISOString(),
    endedAt: null,
    user: start.user ?? null,
    params: {},
    metrics: {},
    tags: { ...start.tags },
    note: null,
    artifacts: {},
    documents: {},
    datasets: [],
  };
}

/** Applying the same events again changes nothing: the summary holds what was said last. */
export function addEvent(summary: RunSummary, event: TrackerEvent): void {
  switch (event.kind) {
    case 'params':
      Object.assign(summary.params, event.values);
      return;
    case 'metrics':
      for (const [name, value] of Object.entries(event.values)) summary.metrics[name] = Number.isFinite(value) ? value : String(value);
      return;
    case 'tags':
      Object.assign(summary.tags, event.set);
      for (const name of event.remove ?? []) delete summary.tags[name];
      return;
    case 'note':
      summary.note = event.markdown;
      return;
    case 'artifact':
      summary.artifacts[event.path] = { uri: event.uri, sha256: event.sha256, size: event.size };
      return;
    case 'json':
      summary.documents[event.name] = event.mime;
      return;
    case 'dataset':
      addDataset(summary, event);
      return;
    case 'define-metric':
    case 'log':
      // How metrics are drawn, and the output of the step, are the store's matter.
      return;
  }
}

function addDataset(summary: RunSummary, { name, digest, source, context }: TrackerEvent & { kind: 'dataset' }): void {
  const dataset = {
    name,
    ...(digest !== undefined && { digest }),
    ...(source !== undefined && { source }),
    ...(context !== undefined && { context }),
  };
  const others = summary.datasets.filter((other) => other.name !== name || other.context !== context);
  summary.datasets = [...others, dataset];
}

/** Its pipeline run goes on after an end. */
export function reopenSummary(summary: RunSummary): void {
  summary.status = 'running';
  summary.endedAt = null;
  summary.error = null;
}

/** The first end counts. */
export function endSummary(summary: RunSummary, outcome: Outcome, endedAt: number, supersededBy: string | undefined): void {
  if (summary.status !== 'running') return;
  summary.status = outcome.status;
  summary.endedAt = new Date(endedAt).toISOString();
  summary.supersededBy = supersededBy ?? null;
  if (outcome.status === 'failed') summary.error = { name: outcome.error.name, message: outcome.error.message };
  if (outcome.status === 'killed') summary.error = { name: 'Killed', message: outcome.reason };
  if (outcome.status === 'cached') summary.source = outcome.source;
}
