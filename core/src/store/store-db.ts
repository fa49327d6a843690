import { newId } from '../id.ts';
import { Interned } from './interned.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { type Param, statement } from './statement.ts';
import type { NameKind } from './tables.ts';

/** The connection and what is remembered of it: what every operation of the store is given. */
export interface StoreDb {
  readonly connection: SqliteConnection;
  readonly names: Readonly<Record<NameKind, Interned<number>>>;
  readonly experiments: Interned<string>;
  readonly artifacts: Interned<string>;
}

const findName = statement((db, p: Param<{ kind: NameKind; text: string }>) =>
  db.selectFrom('names').select('id').where('kind', '=', p('kind')).where('text', '=', p('text')),
);
const insertName = statement((db, p: Param<{ kind: NameKind; text: string }>) =>
  db
    .insertInto('names')
    .values({ kind: p('kind'), text: p('text') })
    .returning('id'),
);
const findExperiment = statement((db, p: Param<{ name: string }>) =>
  db.selectFrom('experiments').select('id').where('name', '=', p('name')),
);
const insertExperiment = statement((db, p: Param<{ id: string; name: string; createdAt: number }>) =>
  db.insertInto('experiments').values({ id: p('id'), name: p('name'), created_at: p('createdAt') }),
);
const findArtifact = statement((db, p: Param<{ name: string }>) => db.selectFrom('artifacts').select('id').where('name', '=', p('name')));
const insertArtifact = statement((db, p: Param<{ id: string; name: string }>) =>
  db.insertInto('artifacts').values({ id: p('id'), name: p('name') }),
);

const internedNames = (kind: NameKind): Interned<number> =>
  new Interned<number>(
    (tx, text) => tx.get(findName, { kind, text })?.id,
    (tx, text) => tx.get(insertName, { kind, text })!.id,
  );

export function createStoreDb(connection: SqliteConnection): StoreDb {
  return {
    connection,
    names: {
      param: internedNames('param'),
      tag: internedNames('tag'),
      metric: internedNames('metric'),
      context: internedNames('context'),
      metadata: internedNames('metadata'),
    },
    experiments: new Interned(
      (tx, name) => tx.get(findExperiment, { name })?.id,
      (tx, name) => {
        const id = newId();
        tx.run(insertExperiment, { id, name, createdAt: Date.now() });
        return id;
      },
    ),
    artifacts: new Interned(
      (tx, name) => tx.get(findArtifact, { name })?.id,
      (tx, name) => {
        const id = newId();
        tx.run(insertArtifact, { id, name });
        return id;
      },
    ),
  };
}
