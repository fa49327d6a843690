import type { PipelineSpec, RunStatus } from '../pipeline/pipeline-spec.ts';
import { decodeParam, metadataOf } from './annotations.ts';
import type { RunEnvironment, RunRecord } from './run-data.ts';
import type { StackSnapshot } from './stack-data.ts';
import type { TrackerRunRecord } from './tracking-data.ts';
import { errorOf } from './runs.ts';
import type { Queries } from './sqlite-dialect.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { trackerRunRecord, trackerRunsIn } from './tracker-runs.ts';
import type { Transaction } from './transaction.ts';

export const pipelineRuns = (db: Queries) => db.selectFrom('runs').where('runs.pipeline', 'is not', null);

const latest = statement((db) => pipelineRuns(db).select('id').orderBy('started_at', 'desc').orderBy('id', 'desc').limit(1));
const idOfName = statement((db, p: Param<{ name: string }>) => pipelineRuns(db).select('id').where('runs.name', '=', p('name')));
const whole = statement((db, p: Param<{ id: string }>) =>
  pipelineRuns(db)
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
const trackerRunsOf = statement((db, p: Param<{ id: string }>) => trackerRunsIn(db, [p('id')]));
const newestNames = statement((db, p: Param<{ limit: number }>) =>
  pipelineRuns(db).select('name').orderBy('started_at', 'desc').orderBy('id', 'desc').limit(p('limit')),
);

/** Id of the run that is meant, if there is one: of what is no name it may be the id. */
export function runMeant(tx: Transaction, nameOrId: string): string | undefined {
  return nameOrId === 'latest' ? tx.get(latest, {})?.id : (tx.get(idOfName, { name: nameOrId })?.id ?? nameOrId);
}

export function run(store: StoreDb, nameOrId: string): Promise<RunRecord | undefined> {
  return store.connection.read((tx) => {
    const id = runMeant(tx, nameOrId);
    const row = id === undefined ? undefined : tx.get(whole, { id });
    if (id === undefined || row === undefined) return undefined;
    const stack = JSON.parse(row.stack_json) as StackSnapshot;
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
      stack,
      spec: JSON.parse(row.spec_json) as PipelineSpec,
      environment: JSON.parse(row.env_json) as RunEnvironment,
      metadata: metadataOf(tx, 'run', id),
      trackerRuns: asInStack(tx.all(trackerRunsOf, { id }).map(trackerRunRecord), stack),
    };
  });
}

/** Each is recorded when its tracker has its first step: the stack says which comes first. Those that were added later come last. */
function asInStack(trackerRuns: readonly TrackerRunRecord[], { components }: StackSnapshot): TrackerRunRecord[] {
  const place = new Map(components.map(({ name }, index) => [name, index]));
  const placeOf = ({ component }: TrackerRunRecord): number => place.get(component) ?? components.length;
  return trackerRuns.toSorted((one, other) => placeOf(one) - placeOf(other));
}

export function runNames(store: StoreDb, limit: number): Promise<string[]> {
  return store.connection.read((tx) => tx.all(newestNames, { limit }).map((row) => row.name));
}
