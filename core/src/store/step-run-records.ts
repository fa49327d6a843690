import { metadataByEntity, metadataIn } from './annotations.ts';
import type { StepRunRecord } from './step-data.ts';
import type { VersionRecord } from './version-data.ts';
import { errorOf } from './runs.ts';
import { type Param, type RowOf, statement } from './statement.ts';
import { type OfRun, ownStepRuns, workingStepRuns } from './step-run-ids.ts';
import type { StoreDb } from './store-db.ts';
import type { Inputs } from './tables.ts';
import { emptySummary, trackedSummaries } from './tracked-summaries.ts';
import { trackerRunRecord, trackerRunsIn } from './tracker-runs.ts';
import type { Transaction } from './transaction.ts';
import { availableVersions, versionRecord } from './version-records.ts';

const stepsOf = statement((db, p: Param<OfRun>) =>
  db
    .selectFrom('step_runs as s')
    .innerJoin('runs as r', 'r.id', 's.run_id')
    .selectAll('s')
    .select(['r.name', 'r.status', 'r.started_at', 'r.ended_at', 'r.error_name', 'r.error_message', 'r.error_stack'])
    .where('s.pipeline_run_id', '=', p('runId'))
    .orderBy('r.started_at')
    .orderBy('s.run_id'),
);
const outputsOf = statement((db, p: Param<OfRun>) =>
  availableVersions(db)
    .innerJoin('artifact_refs as ref', 'ref.version_id', 'v.id')
    .select('ref.run_id as by')
    .where('ref.run_id', 'in', workingStepRuns(db, p))
    .where('ref.role', '=', 'output')
    .orderBy('v.id'),
);
const metadataOfOutputs = statement((db, p: Param<OfRun>) => {
  const refs = db
    .selectFrom('artifact_refs')
    .select('version_id as id')
    .where('run_id', 'in', workingStepRuns(db, p))
    .where('role', '=', 'output');
  return metadataIn(db, 'version', refs);
});
const metadataOfSteps = statement((db, p: Param<OfRun>) => metadataIn(db, 'run', ownStepRuns(db, p).union(workingStepRuns(db, p))));
const trackerRunsOfSteps = statement((db, p: Param<OfRun>) => trackerRunsIn(db, ownStepRuns(db, p)));

/** A number of queries that does not depend on the number of steps. */
export function stepRuns(store: StoreDb, runId: string): Promise<StepRunRecord[]> {
  return store.connection.read((tx) => {
    const outputs = outputsByStepRun(tx, runId);
    const metadata = metadataByEntity(tx.all(metadataOfSteps, { runId }));
    const tracked = trackedSummaries(tx, runId);
    const trackerRuns = Map.groupBy(tx.all(trackerRunsOfSteps, { runId }), (row) => row.run_id);
    return tx.all(stepsOf, { runId }).map((row) => {
      const source = row.source_step_run_id ?? row.run_id;
      return {
        ...stepFields(row),
        outputs: outputs.get(source) ?? [],
        metadata: { ...metadata.get(source), ...metadata.get(row.run_id) },
        trackerRuns: (trackerRuns.get(row.run_id) ?? []).map(trackerRunRecord),
        tracked: tracked.get(source) ?? emptySummary(),
      };
    });
  });
}

function stepFields(row: RowOf<typeof stepsOf>): Omit<StepRunRecord, 'outputs' | 'metadata' | 'trackerRuns' | 'tracked'> {
  return {
    id: row.run_id,
    runId: row.pipeline_run_id,
    stepId: row.step_id,
    ...(row.map_index >= 0 && { mapIndex: row.map_index }),
    stepName: row.name,
    attempt: row.attempt,
    status: row.status,
    startedAt: row.started_at,
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
    ...errorOf(row),
    inputs: JSON.parse(row.inputs) as Inputs,
    ...(row.cache_key !== null && { cacheKey: row.cache_key }),
    ...(row.not_cached !== null && { notCached: row.not_cached }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.source_step_run_id !== null && { sourceStepRunId: row.source_step_run_id }),
  };
}

function outputsByStepRun(tx: Transaction, runId: string): Map<string, VersionRecord[]> {
  const metadata = metadataByEntity(tx.all(metadataOfOutputs, { runId }));
  const outputs = new Map<string, VersionRecord[]>();
  for (const [by, versions] of Map.groupBy(tx.all(outputsOf, { runId }), (row) => row.by)) {
    outputs.set(
      by,
      versions.map((row) => versionRecord(row, metadata.get(row.id))),
    );
  }
  return outputs;
}
