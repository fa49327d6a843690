import { refuseUnlessWellFormed } from './http/well-formed.ts';
import { encodedNumber, type Metric } from './metric.ts';
import { invalid, refuseUnlessMetric, refuseUnlessParam, refuseUnlessTag } from './refuse.ts';
import type { Param, Tag } from './run.ts';

export interface Batch {
  metrics?: readonly Metric[];
  params?: readonly Param[];
  tags?: readonly Tag[];
}

type Kind = keyof Batch;

/** What MLflow takes in one request. The bytes are its documented limit, which proxies before it may hold to. */
const MOST: Record<Kind, number> = { metrics: 1_000, params: 100, tags: 100 };
const MOST_IN_ALL = 1_000;
const MOST_BYTES = 1_000_000;
/** Room for the names of the lists, commas and brackets around the items. */
const FRAME_BYTES = 200;

/** Bodies of as few `log-batch` requests as the limits allow, each list in its order. Checks all before the first is made. */
export function batchBodies(runId: string, batch: Batch): Iterable<string> {
  const { metrics = [], params = [], tags = [] } = batch;
  metrics.forEach(refuseUnlessMetric);
  params.forEach(refuseUnlessParam);
  tags.forEach(refuseUnlessTag);
  refuseUnlessWellFormed('runs/log-batch', { run_id: runId, metrics, params, tags });
  return bodies(runId, { metrics, params: distinct(params), tags });
}

function* bodies(runId: string, { metrics, params, tags }: Required<Batch>): Generator<string, void, undefined> {
  const lists = [
    new Pending('params', params, encodedPair),
    new Pending('tags', tags, encodedPair),
    new Pending('metrics', metrics, encodedMetric),
  ];
  const run = JSON.stringify(runId);
  while (lists.some((list) => !list.isEmpty)) {
    let room = { items: MOST_IN_ALL, bytes: MOST_BYTES - FRAME_BYTES - run.length };
    const parts = [`"run_id":${run}`];
    for (const list of lists) {
      const { items, bytes } = list.take(room.items, room.bytes);
      if (items.length > 0) parts.push(`"${list.kind}":[${items.join(',')}]`);
      room = { items: room.items - items.length, bytes: room.bytes - bytes };
    }
    yield `{${parts.join(',')}}`;
  }
}

/** What of a list is yet to be sent. */
class Pending<T> {
  readonly kind: Kind;
  readonly #items: readonly T[];
  readonly #encode: (item: T) => string;
  #next = 0;

  constructor(kind: Kind, items: readonly T[], encode: (item: T) => string) {
    this.kind = kind;
    this.#items = items;
    this.#encode = encode;
  }

  get isEmpty(): boolean {
    return this.#next >= this.#items.length;
  }

  take(mostItems: number, mostBytes: number): { items: string[]; bytes: number } {
    const items: string[] = [];
    let bytes = 0;
    while (!this.isEmpty && items.length < Math.min(mostItems, MOST[this.kind])) {
      const item = this.#encode(this.#items[this.#next]!);
      const size = Buffer.byteLength(item) + 1;
      // One that is larger than any request is the server's to judge.
      const isAlone = items.length === 0 && mostItems === MOST_IN_ALL;
      if (bytes + size > mostBytes && !isAlone) break;
      items.push(item);
      bytes += size;
      this.#next++;
    }
    return { items, bytes };
  }
}

/** The server refuses a batch that names a param twice, but not two batches that name one each; so what can be merged is merged here. */
function distinct(params: readonly Param[]): readonly Param[] {
  const values = new Map<string, string>();
  for (const { key, value } of params) {
    const other = values.get(key);
    if (other !== undefined && other !== value)
      throw invalid(`Param ${JSON.stringify(key)} is given twice, with different values: a param does not change`);
    values.set(key, value);
  }
  return values.size === params.length ? params : [...values].map(([key, value]) => ({ key, value }));
}

const encodedPair = ({ key, value }: Param | Tag): string => JSON.stringify({ key, value });

function encodedMetric({ key, value, timestamp, step = 0, modelId, datasetName, datasetDigest }: Metric): string {
  return JSON.stringify({
    key,
    value: encodedNumber(value),
    timestamp,
    step,
    model_id: modelId,
    dataset_name: datasetName,
    dataset_digest: datasetDigest,
  });
}
