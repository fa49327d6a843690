import { type Expression, sql } from 'kysely';
import { IMPORTED_FROM } from '../import/imported-tags.ts';
import type { DrainedSegment } from './delivery-store.ts';
import { BY_OTHERS } from './event-segments.ts';
import type { Queries } from './sqlite-dialect.ts';
import { ownersOf } from './run-sessions.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';

const PAGE = 1000;

/** A run that was imported: its log is all that there is of it here, and what is sent on to other trackers. */
const importedRun = (db: Queries, runId: Expression<string>) =>
  db
    .selectFrom('tags as g')
    .innerJoin('names as n', 'n.id', 'g.name_id')
    .select('g.entity_id')
    .where('g.entity', '=', sql.lit('run' as const))
    .where('g.entity_id', '=', runId)
    .where('n.kind', '=', sql.lit('tag' as const))
    .where('n.text', '=', sql.lit(IMPORTED_FROM));

/** No page is longer; the rows of a page need not be drained. */
const sealed = statement((db, p: Param<{ after: string; limit: number }>) =>
  db
    .selectFrom('event_segments as s')
    .innerJoin('runs as r', 'r.id', 's.run_id')
    .select([
      's.id',
      's.run_id as runId',
      's.uri as path',
      's.applied_offset as appliedOffset',
      's.applied_lines as appliedLines',
      's.sealed',
    ])
    .where('s.id', '>', p('after'))
    .where('s.sealed', '!=', 0)
    .where('r.status', '!=', 'running')
    .where((eb) =>
      eb.not(
        eb.exists(
          db
            .selectFrom('tracker_runs as t')
            .select('t.key')
            .where((of) =>
              of(
                't.run_id',
                'in',
                of
                  .selectFrom('step_runs')
                  .select('run_id as id')
                  .where('pipeline_run_id', '=', eb.ref('s.run_id'))
                  .unionAll(of.selectFrom('runs').select('id').where('id', '=', eb.ref('s.run_id'))),
              ),
            )
            .where('t.dropped_at', 'is', null)
            .where((of) =>
              of.or([
                of('t.status', 'in', [sql.lit('queued' as const), sql.lit('running' as const)]),
                of.exists(of.selectFrom('rejected_events as e').select('e.seq').whereRef('e.tracker_run_key', '=', 't.key')),
              ]),
            ),
        ),
      ),
    )
    .where((eb) => eb.not(eb.exists(importedRun(db, eb.ref('s.run_id')))))
    .orderBy('s.id')
    .limit(p('limit')),
);
const forget = statement((db, p: Param<{ id: string }>) => db.deleteFrom('event_segments').where('id', '=', p('id')));

/**
 * Segments that nobody reads any more: what is in them was applied, no tracker run of their pipeline run waits for any of it, and none set an event aside
 * that might be tried again. Those of imported runs stay.
 */
export function drainedSegments(store: StoreDb, after: string): Promise<DrainedSegment[]> {
  return store.connection.read((tx) =>
    tx.all(sealed, { after, limit: PAGE }).map(({ sealed: by, ...segment }) => ({
      ...segment,
      writers: by === BY_OTHERS ? ownersOf(tx, segment.runId) : [],
    })),
  );
}

export function forgetSegments(store: StoreDb, ids: readonly string[]): Promise<void> {
  return store.connection.write((tx) => {
    for (const id of ids) tx.run(forget, { id });
  });
}
