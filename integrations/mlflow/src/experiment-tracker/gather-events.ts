import type { Json, Receipt, TrackerEvent } from '@mortise/core';
import type { LoggedDataset, Metric, Param } from '@mortise/mlflow-client';

import { EDGES, edgeOf, edgeTags, type Edge } from './edge-tags.ts';
import { halfCharacterRefusal } from './half-character.ts';
import type { KnownOfRun } from './known-of-run.ts';
import { nameRefusal, shownName } from './mlflow-names.ts';
import { datasetKey, datasetRefusal, runDataset, type DatasetEvent } from './run-dataset.ts';
import { lengthRefusal, OWN_PREFIX, TAKEN } from './run-tags.ts';

export type Refused = NonNullable<Receipt['rejected']>[number];
export type FileEvent = TrackerEvent & { kind: 'artifact' | 'json' };
type ArtifactEvent = TrackerEvent & { kind: 'artifact' };

/** What a batch says, as MLflow takes it: all in one request, the files after it. And which metrics had no such values before. */
export interface Gathered extends Record<Edge, Set<string>> {
  metrics: Metric[];
  params: Param[];
  /** The last word on each; null: removed. */
  tags: Map<string, string | null>;
  datasets: { dataset: LoggedDataset; event: DatasetEvent }[];
  /** With its place in the batch. */
  files: { event: FileEvent; index: number }[];
  refused: Refused[];
}

/** How a run takes what is logged. */
export interface Taking {
  known: KnownOfRun;
  /** Why files cannot be uploaded; undefined if they can. */
  noUploads: string | undefined;
  /** Names that the server has refused, and why. */
  refusedNames?: ReadonlyMap<string, string>;
}

export function gatherEvents(events: readonly TrackerEvent[], taking: Taking): Gathered {
  const edges = { infinite: new Set<string>(), largest: new Set<string>() };
  const gathered: Gathered = { metrics: [], params: [], tags: new Map(), datasets: [], ...edges, files: [], refused: [] };
  const gathering = new Gathering(gathered, taking);
  for (const [index, event] of events.entries()) {
    const whys = gathering.add(event, index);
    if (whys.length > 0) gathered.refused.push({ writer: event.writer, seq: event.seq, why: whys.join('; ') });
  }
  gathering.nameEdges();
  return gathered;
}

class Gathering {
  readonly #into: Gathered;
  readonly #taking: Taking;
  /** Known ones and those of this batch. */
  readonly #params: Map<string, string>;
  readonly #datasets: Map<string, string>;
  /** Names that were looked at: a batch has few of them, many times. */
  readonly #refusals = new Map<string, string | undefined>();

  constructor(into: Gathered, taking: Taking) {
    this.#into = into;
    this.#taking = taking;
    this.#params = new Map(taking.known.params);
    this.#datasets = new Map(taking.known.datasets);
  }

  /** Gives why parts of the event cannot be taken. */
  add(event: TrackerEvent, index: number): string[] {
    switch (event.kind) {
      case 'metrics':
        return this.#each(event.values, 'the metric', (key, value) => this.#addMetric(key, value, event));
      case 'params':
        return this.#each(event.values, 'the param', (key, value) => this.#addParam(key, value));
      case 'tags':
        return [
          ...this.#each(event.set, 'the tag', (key, value) => this.#setTag(key, value)),
          ...this.#each(Object.fromEntries((event.remove ?? []).map((name) => [name, null])), 'the tag', (key) => this.#setTag(key, null)),
        ];
      case 'note':
        // For people to read: half of a character is no reason to keep it from them.
        return withPrefix('the note', lengthRefusal(event.markdown) ?? this.#put('mlflow.note.content', event.markdown.toWellFormed()));
      case 'dataset':
        return withPrefix('', datasetRefusal(event) ?? this.#addDataset(runDataset(event), event));
      case 'artifact':
        return this.#taking.noUploads === undefined ? this.#addFile(event, index) : this.#refer(event);
      case 'json':
        return this.#taking.noUploads === undefined
          ? this.#addFile(event, index)
          : [`${shownName(event.name)} cannot be uploaded: ${this.#taking.noUploads}`];
      case 'define-metric':
      case 'log':
        // MLflow has no place for how metrics are summed up, nor for the output of a step.
        return [];
    }
  }

  #each<T>(values: Record<string, T>, what: string, add: (name: string, value: T) => string | undefined): string[] {
    return Object.entries(values).flatMap(([name, value]) =>
      withPrefix(`${what} ${shownName(name)}`, this.#nameRefusal(name) ?? add(name, value)),
    );
  }

  #nameRefusal(name: string): string | undefined {
    if (!this.#refusals.has(name)) this.#refusals.set(name, nameRefusal(name) ?? this.#taking.refusedNames?.get(name));
    return this.#refusals.get(name);
  }

  #addMetric(key: string, value: number, { step, at }: TrackerEvent & { kind: 'metrics' }): string | undefined {
    // A clock that was wrong.
    if (at < 0) return `has the time ${at} ms: MLflow keeps times from 1970 on`;
    this.#into.metrics.push({ key, value, timestamp: at, step });
    const edge = edgeOf(value);
    if (edge !== undefined && !this.#taking.known[edge].has(key)) this.#into[edge].add(key);
    return undefined;
  }

  /** Puts the tags that change by what was added. */
  nameEdges(): void {
    for (const edge of EDGES) {
      const [known, added] = [this.#taking.known[edge], this.#into[edge]];
      if (added.size === 0) continue;
      const before = edgeTags(edge, known);
      for (const [tag, text] of edgeTags(edge, [...known, ...added])) if (before.get(tag) !== text) this.#put(tag, text);
    }
  }

  #addParam(key: string, value: Json): string | undefined {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const half = halfCharacterRefusal(text);
    if (half !== undefined) return half;
    const there = this.#params.get(key);
    if (there === text) return undefined;
    if (there !== undefined)
      return `is ${shownName(there)} and cannot be changed to ${shownName(text)}: MLflow keeps the first value of a param`;
    this.#params.set(key, text);
    this.#into.params.push({ key, value: text });
    return undefined;
  }

  #setTag(key: string, value: string | null): string | undefined {
    if (key.startsWith(OWN_PREFIX)) return TAKEN;
    return (value === null ? undefined : (halfCharacterRefusal(value) ?? lengthRefusal(value))) ?? this.#put(key, value);
  }

  #put(key: string, value: string | null): undefined {
    this.#into.tags.set(key, value);
    return undefined;
  }

  #addDataset(dataset: LoggedDataset, event: DatasetEvent): string | undefined {
    const { name, context = '' } = dataset;
    const there = this.#datasets.get(datasetKey(dataset));
    if (there !== undefined && there !== context)
      return `the dataset ${shownName(name)} of this digest is there in the context "${there}": MLflow keeps one context of a dataset`;
    this.#datasets.set(datasetKey(dataset), context);
    if (there === undefined) this.#into.datasets.push({ dataset, event });
    return undefined;
  }

  #addFile(event: FileEvent, index: number): [] {
    this.#into.files.push({ event, index });
    return [];
  }

  /** Where an artifact is, in place of its bytes. */
  #refer({ path, uri, sha256, size }: ArtifactEvent): string[] {
    const name = `${OWN_PREFIX}artifact.${path}`;
    const text = JSON.stringify({ uri, sha256, size });
    return withPrefix(`the reference to ${shownName(path)}`, this.#nameRefusal(name) ?? lengthRefusal(text) ?? this.#put(name, text));
  }
}

function withPrefix(what: string, why: string | undefined): string[] {
  return why === undefined ? [] : [`${what} ${why}`.trim()];
}
