import { expect, test } from '@jest/globals';
import { DatabaseSync } from 'node:sqlite';
import { type Param, statement } from './statement.ts';
import { Transaction } from './transaction.ts';

function withNames(): { tx: Transaction; db: DatabaseSync } {
  const db = new DatabaseSync(':memory:');
  db.exec('CREATE TABLE names (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (kind, text))');
  return { tx: new Transaction(db), db };
}

const insertMetric = statement((db, p: Param<{ text: string }>) => db.insertInto('names').values({ kind: 'metric', text: p('text') }));
const between = statement((db, p: Param<{ a: number; b: number }>) =>
  db
    .selectFrom('names')
    .select(['id', 'text'])
    .where('kind', '=', 'metric')
    .where('id', '>=', p('a'))
    .where('id', '<', p('b'))
    .orderBy('id'),
);

test('values go where they are named, constants of the query stay where they are', () => {
  const { tx } = withNames();
  for (const text of ['a', 'b', 'c']) expect(tx.run(insertMetric, { text })).toBe(1);
  expect(tx.all(between, { b: 3, a: 2 })).toEqual([{ id: 2, text: 'b' }]);
  expect(tx.get(between, { a: 9, b: 10 })).toBeUndefined();
});

test('one value may stand in several places', () => {
  const { tx } = withNames();
  tx.run(insertMetric, { text: 'a' });
  const same = statement((db, p: Param<{ it: string }>) =>
    db
      .selectFrom('names')
      .select('id')
      .where('text', '=', p('it'))
      .where((eb) => eb(eb.fn<string>('lower', ['text']), '=', p('it'))),
  );
  expect(tx.all(same, { it: 'a' })).toEqual([{ id: 1 }]);
});

test('a query is compiled once, whoever runs it, and prepared once per connection', () => {
  let built = 0;
  const count = statement((db) => {
    built++;
    return db.selectFrom('names').select((eb) => eb.fn.countAll<number>().as('n'));
  });
  const [one, two] = [withNames(), withNames()];
  let prepared = 0;
  for (const { db } of [one, two]) {
    const prepare = db.prepare.bind(db);
    db.prepare = (sql) => {
      prepared++;
      return prepare(sql);
    };
  }
  for (const { tx } of [one, two, one, two]) expect(tx.get(count, {})).toEqual({ n: 0 });
  expect([built, prepared]).toEqual([1, 2]);
});

test('a value that was forgotten is an error, not NULL', () => {
  const { tx } = withNames();
  expect(() => tx.run(insertMetric, {} as { text: string })).toThrow();
});
