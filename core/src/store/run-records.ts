import type { PipelineSpec, RunStatus } from '../pipeline/pipeline-spec.ts';
import { decodeMetadata, decodeParam } from './annotations.ts';
import type { Page, RunEnvironment, RunQuery, RunRecord, RunSummary, StackSnapshot } from './metadata-store.ts';
import { decodeCursor, encodeCursor, limitOf, pageOf } from './page.ts';
import { errorOf } from './runs.ts';
import { queries } from './sqlite-dialect.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { trackerRunRecord, trackerRunsIn } from './tracker-runs.ts';
import type { Transaction } from './transaction.ts';

const pipelineRuns = () => queries.selectFrom('runs').where('runs.pipeline', 'is not', null);

const latest = statement(() => pipelineRuns().select('id').orderBy('started_at', 'desc').orderBy('id', 'desc').limit(1));
const idOfName = statement((_, p: Param<{ name: string }>) => pipelineRuns().select('id').where('runs.name', '=', p('name')));
const whole = statement((_, p: Param<{ id: string }>) =>
  pipelineRuns()
    .innerJoin('experiments as e', 'e.id', 'runs.experiment_id')
    .innerJoin('snapshots as spec', 'spec.hash', 'runs.spec_hash')
    .innerJoin('snapshots as stack', 'stack.hash', 'runs.stack_hash')
    .innerJoin('snapshots as env', 'env.hash', 'runs.env_hash')
    .selectAll('runs')
    .select(['e.name as experiment', 'spec.json as spec_json', 'stack.json as stack_json', 'env.json as env_json'])
    .$narrowType<{ pipeline: string; status: RunStatus }>()
    .where('runs.id', '=', p('id')),
);
const paramsOf = statement((db, p: Param<{ id: string }>) =>
  db
    .selectFrom('params')
    .innerJoin('names', 'names.id', 'params.name_id')
    .select(['names.text as name', 'type', 'params.text'])
    .where('run_id', '=', p('id')),
);
const tagsOf = statement((db, p: Param<{ id: string }>) =>
  db
    .selectFrom('tags')
    .innerJoin('names', 'names.id', 'tags.name_id')
    .select(['names.text as name', 'value'])
    .where('entity', '=', 'run')
    .where('entity_id', '=', p('id')),
);
const metadataOf = statement((db, p: Param<{ id: string }>) =>
  db
    .selectFrom('metadata')
    .innerJoin('names', 'names.id', 'metadata.name_id')
    .select(['names.text as name', 'type', 'value'])
    .where('entity', '=', 'run')
    .where('entity_id', '=', p('id')),
);
const newestNames = statement((_, p: Param<{ limit: number }>) =>
  pipelineRuns().select('name').orderBy('started_at', 'desc').orderBy('id', 'desc').limit(p('limit')),
);

export function run(store: StoreDb, nameOrId: string): Promise<RunRecord | undefined> {
  return store.connection.read((tx) => {
    const id = nameOrId === 'latest' ? tx.get(latest, {})?.id : (tx.get(idOfName, { name: nameOrId })?.id ?? nameOrId);
    const row = id === undefined ? undefined : tx.get(whole, { id });
    if (id === undefined || row === undefined) return undefined;
    return {
      id,
      name: row.name,
      pipeline: row.pipeline,
      experiment: row.experiment,
      status: row.status,
      startedAt: row.started_at,
      ...(row.ended_at !== null && { endedAt: row.ended_at }),
      ...errorOf(row),
      warnings: JSON.parse(row.warnings ?? '[]') as string[],
      params: Object.fromEntries(tx.all(paramsOf, { id }).map(({ name, ...value }) => [name, decodeParam(value)])),
      tags: Object.fromEntries(tx.all(tagsOf, { id }).map(({ name, value }) => [name, value])),
      stack: JSON.parse(row.stack_json) as StackSnapshot,
      spec: JSON.parse(row.spec_json) as PipelineSpec,
      environment: JSON.parse(row.env_json) as RunEnvironment,
      metadata: Object.fromEntries(tx.all(metadataOf, { id }).map(({ name, ...value }) => [name, decodeMetadata(value)])),
      trackerRuns: tx.rows(trackerRunsIn([id])).map(trackerRunRecord),
    };
  });
}

/** Beyond this many matches, runs are walked in the list's order and asked for the tag; below, the matches are sorted. */
const FEW = 1000;

export function runs(store: StoreDb, query: RunQuery): Promise<Page<RunSummary>> {
  return store.connection.read((tx) => {
    const list = runList(tx, store, query);
    if (list === undefined) return { items: [] };
    const { sort, key } = sortOf(query);
    return pageOf(tx.rows(list), limitOf(query), summary, (row) => encodeCursor(sort, [row[key], row.id]));
  });
}

function sortOf(query: RunQuery) {
  const sort = query.sort ?? '-startedAt';
  return {
    sort,
    key: sort.endsWith('name') ? ('name' as const) : ('started_at' as const),
    direction: sort.startsWith('-') ? ('desc' as const) : ('asc' as const),
  };
}

/** undefined when nothing can match. */
export function runList(tx: Transaction, store: StoreDb, query: RunQuery) {
  const { sort, key, direction } = sortOf(query);
  let list = pipelineRuns()
    // A left join, so that runs are walked in the order of the list and experiments are looked up.
    .leftJoin('experiments as e', 'e.id', 'runs.experiment_id')
    .select(['runs.id', 'runs.name', 'pipeline', 'e.name as experiment', 'status', 'stack', 'started_at', 'ended_at', 'user'])
    .select(['error_name', 'error_message', 'error_stack'])
    .$narrowType<{ pipeline: string; experiment: string; stack: string; status: RunStatus }>()
    .orderBy(`runs.${key}`, direction)
    .orderBy('runs.id', direction)
    .limit(limitOf(query) + 1);
  if (query.pipeline !== undefined) list = list.where('pipeline', '=', query.pipeline);
  if (query.status !== undefined) list = list.where('status', '=', query.status);
  if (query.stack !== undefined) list = list.where('stack', '=', query.stack);
  const { name, experiment, tag, after } = query;
  if (name !== undefined) list = list.where((eb) => eb(eb.fn<number>('instr', ['runs.name', eb.val(name)]), '>', 0));
  if (experiment !== undefined) {
    const id = store.experiments.find(tx, experiment);
    if (id === undefined) return undefined;
    list = list.where('experiment_id', '=', id);
  }
  if (tag !== undefined) {
    const nameId = store.names.tag.find(tx, tag.name);
    if (nameId === undefined) return undefined;
    const few = tx.rows(taggedRuns(nameId, tag.value).limit(FEW + 1)).map((row) => row.entity_id);
    if (few.length <= FEW) list = list.where('runs.id', 'in', few);
    else list = list.where((eb) => eb.exists(taggedRuns(nameId, tag.value).whereRef('entity_id', '=', eb.ref('runs.id'))));
  }
  if (after !== undefined) {
    const [value, id] = decodeCursor(sort, after) as [string, string];
    list = list.where((eb) => eb(eb.refTuple(`runs.${key}`, 'runs.id'), direction === 'desc' ? '<' : '>', eb.tuple(value, id)));
  }
  return list;
}

function taggedRuns(nameId: number, value: string) {
  return queries
    .selectFrom('tags')
    .select('entity_id')
    .where('name_id', '=', nameId)
    .where('value', '=', value)
    .where('entity', '=', 'run');
}

type SummaryRow = NonNullable<ReturnType<typeof runList>> extends { execute(): Promise<(infer Row)[]> } ? Row : never;

function summary(row: SummaryRow): RunSummary {
  return {
    id: row.id,
    name: row.name,
    pipeline: row.pipeline,
    experiment: row.experiment,
    status: row.status,
    stack: row.stack,
    startedAt: row.started_at,
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
    ...(row.user !== null && { user: row.user }),
    ...errorOf(row),
  };
}

export function runNames(store: StoreDb, limit: number): Promise<string[]> {
  return store.connection.read((tx) => tx.all(newestNames, { limit }).map((row) => row.name));
}
