import { componentRecord } from './components.ts';
import { withLabels } from './labelled.ts';
import type { ComponentQuery, Page, StackQuery } from './queries.ts';
import type { ComponentRecord, StackRecord } from './stack-data.ts';
import { decodeCursor, encodeCursor, limitOf, orderOf, pageOf } from './page.ts';
import { queries } from './sqlite-dialect.ts';
import { hasComponent, stackRecord } from './stacks.ts';
import type { StoreDb } from './store-db.ts';

const COLUMNS = { name: 'name', createdAt: 'created_at' } as const;
type Sorted<Query> = Query & { sort: NonNullable<StackQuery['sort']> };

/** Components in another order than the one that is always at hand. */
export function sortedComponents(store: StoreDb, query: Sorted<ComponentQuery>): Promise<Page<ComponentRecord>> {
  const { sort, type, flavor, name, labels, after } = query;
  const { column, direction, beyond } = orderOf(sort, COLUMNS);
  let list = queries
    .selectFrom('components')
    .selectAll()
    .orderBy(column, direction)
    .orderBy('id', direction)
    .limit(limitOf(query) + 1);
  if (type !== undefined) list = list.where('type', '=', type);
  if (flavor !== undefined) list = list.where('flavor', '=', flavor);
  if (name !== undefined) list = list.where((eb) => eb(eb.fn<number>('instr', ['name', eb.val(name)]), '>', 0));
  if (labels !== undefined) list = list.where((eb) => withLabels(eb.ref('labels'), JSON.stringify(labels)));
  if (after !== undefined) {
    const [value, id] = decodeCursor(sort, after, 2);
    list = list.where((eb) => eb(eb.refTuple(column, 'id'), beyond, eb.tuple(value as never, id as never)));
  }
  return store.connection.read((tx) =>
    pageOf(tx.rows(list), limitOf(query), componentRecord, (row) => encodeCursor(sort, [row[column], row.id])),
  );
}

/** Stacks in another order than the one that is always at hand. */
export function sortedStacks(store: StoreDb, query: Sorted<StackQuery>): Promise<Page<StackRecord>> {
  const { sort, name, component, labels, after } = query;
  const { column, direction, beyond } = orderOf(sort, COLUMNS);
  let list = queries
    .selectFrom('stacks')
    .selectAll()
    .orderBy(column, direction)
    .orderBy('id', direction)
    .limit(limitOf(query) + 1);
  if (name !== undefined) list = list.where((eb) => eb(eb.fn<number>('instr', ['name', eb.val(name)]), '>', 0));
  if (component !== undefined) list = list.where((eb) => hasComponent(eb, component));
  if (labels !== undefined) list = list.where((eb) => withLabels(eb.ref('labels'), JSON.stringify(labels)));
  if (after !== undefined) {
    const [value, id] = decodeCursor(sort, after, 2);
    list = list.where((eb) => eb(eb.refTuple(column, 'id'), beyond, eb.tuple(value as never, id as never)));
  }
  return store.connection.read((tx) =>
    pageOf(
      tx.rows(list),
      limitOf(query),
      (row) => stackRecord(tx, row),
      (row) => encodeCursor(sort, [row[column], row.id]),
    ),
  );
}
