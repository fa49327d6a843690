import type { Json, JsonObject } from '../json.ts';
import type { RunStatus } from '../pipeline/pipeline-spec.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { FlavorDescriptor, StoredFlavor } from '../stack/flavor.ts';
import type { Page } from '../store/queries.ts';
import type { MetadataValue, RunError, RunSummary } from '../store/run-data.ts';
import type { ComponentRecord, Labels, StackRecord } from '../store/stack-data.ts';
import type { VersionRecord } from '../store/version-data.ts';
import { isoTime, isoTimeOrNull } from './pipeline-run-view.ts';

/** One page of a list; `next` is `after` of the following page, null at the end. Times are ISO 8601 UTC with ms. */
export interface Listing<T> {
  items: T[];
  next: string | null;
}

/** A row of the list of runs. */
export interface RunListItem {
  id: string;
  name: string;
  pipeline: string;
  experiment: string;
  status: RunStatus;
  stack: string;
  startedAt: string;
  endedAt: string | null;
  user: string | null;
  error: RunError | null;
}

export interface ComponentView {
  id: string;
  type: ComponentType;
  name: string;
  flavor: string;
  config: JsonObject;
  labels: Labels;
  createdAt: string;
  /** Of the last change of its config, name or labels; null: it is as it was registered. */
  updatedAt: string | null;
  /** Why its flavor cannot be loaded, as far as that can be told without loading it; null: nothing is known against it. */
  flavorProblem: string | null;
}

export interface StackView {
  id: string;
  name: string;
  /** It is the project's active stack. */
  active: boolean;
  /** In the order given; of a type with several, the first is the default. */
  components: ComponentView[];
  labels: Labels;
  createdAt: string;
  /** Of the last change of its components, name or labels; null: it is as it was registered. */
  updatedAt: string | null;
}

export interface FlavorView extends FlavorDescriptor {
  status: 'available' | 'broken';
  /** Why it is broken, as far as that can be told without loading it: its module is gone, or it could not be loaded the last time. */
  reason: string | null;
}

/** A version of an artifact, as it is listed. */
export interface ArtifactVersionView {
  id: string;
  artifact: string;
  version: number;
  /** Name of the output that made it. */
  output: string | null;
  /** Bytes. */
  size: number;
  sha256: string;
  materializer: string;
  metadata: Record<string, MetadataValue>;
  createdAt: string;
  /** Ids of the pipeline run and the step run that made it. */
  runId: string | null;
  stepRunId: string | null;
}

/** A point of a metric. */
export interface MetricPointView {
  step: number;
  at: string;
  value: number;
}

/** What a step logged under a name as JSON. */
export interface DocumentView {
  name: string;
  /** Of a table `application/vnd.mortise.table+json`: `{ columns: [name], data: [[cell]] }`. */
  mime: string;
  value: Json;
}

export function listing<T, V>({ items, next }: Page<T>, view: (item: T) => V): Listing<V> {
  return { items: items.map(view), next: next ?? null };
}

export function runListItem(run: RunSummary): RunListItem {
  const { id, name, pipeline, experiment, status, stack } = run;
  return {
    ...{ id, name, pipeline, experiment, status, stack },
    startedAt: isoTime(run.startedAt),
    endedAt: isoTimeOrNull(run.endedAt),
    user: run.user ?? null,
    error: run.error ?? null,
  };
}

export function componentView(record: ComponentRecord, flavorProblem: string | null): ComponentView {
  const { id, type, name, flavor, config, labels, createdAt, updatedAt } = record;
  const times = { createdAt: isoTime(createdAt), updatedAt: isoTimeOrNull(updatedAt) };
  return { id, type, name, flavor, config, labels, ...times, flavorProblem };
}

export function stackView(record: StackRecord, components: ComponentView[], activeStack: string): StackView {
  const { id, name, labels, createdAt, updatedAt } = record;
  const times = { createdAt: isoTime(createdAt), updatedAt: isoTimeOrNull(updatedAt) };
  return { id, name, active: name === activeStack, components, labels, ...times };
}

export function flavorView({ problem: _, ...descriptor }: StoredFlavor, problem: string | null): FlavorView {
  return { ...descriptor, status: problem === null ? 'available' : 'broken', reason: problem };
}

export function artifactVersionView(version: VersionRecord): ArtifactVersionView {
  const { id, artifact, size, sha256, materializer, metadata } = version;
  return {
    ...{ id, artifact, version: version.version, output: version.output ?? null, size, sha256, materializer, metadata },
    createdAt: isoTime(version.createdAt),
    runId: version.producerRunId ?? null,
    stepRunId: version.producerStepRunId ?? null,
  };
}
