import { NameTaken, UnknownStack } from '../errors.ts';
import type { ComponentType } from '../stack/component-types.ts';
import { componentRecord, existingComponent } from './components.ts';
import type { Page, StackQuery, StackRecord } from './metadata-store.ts';
import { decodeCursor, encodeCursor, limitOf, pageOf } from './page.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

const byName = statement((db, p: Param<{ name: string }>) => db.selectFrom('stacks').selectAll().where('name', '=', p('name')));
const names = statement((db) => db.selectFrom('stacks').select('name').orderBy('name').limit(1000));
const insertStack = statement((db, p: Param<{ id: string; name: string; createdAt: number }>) =>
  db.insertInto('stacks').values({ id: p('id'), name: p('name'), created_at: p('createdAt') }),
);
const insertMember = statement((db, p: Param<{ stackId: string; componentId: string; position: number }>) =>
  db.insertInto('stack_components').values({ stack_id: p('stackId'), component_id: p('componentId'), position: p('position') }),
);
/** No name comes before ''. */
const stackList = statement((db, p: Param<{ name: string; last: string; limit: number }>) =>
  db
    .selectFrom('stacks')
    .selectAll()
    .where((eb) => eb(eb.fn<number>('instr', ['name', eb.val(p('name'))]), '>', 0))
    .where('name', '>', p('last'))
    .orderBy('name')
    .limit(p('limit')),
);
const members = statement((db, p: Param<{ stackId: string }>) =>
  db
    .selectFrom('stack_components as m')
    .innerJoin('components as c', 'c.id', 'm.component_id')
    .selectAll('c')
    .where('m.stack_id', '=', p('stackId'))
    .orderBy('m.position'),
);
const removeStack = statement((db, p: Param<{ name: string }>) => db.deleteFrom('stacks').where('name', '=', p('name')));

export interface NewStack {
  id: string;
  name: string;
  createdAt: number;
  components: readonly { type: ComponentType; name: string }[];
}

export function createStack(store: StoreDb, stack: NewStack): Promise<void> {
  return store.connection.write((tx) => {
    const holder = tx.get(byName, { name: stack.name });
    if (holder?.id === stack.id) return;
    if (holder !== undefined) throw new NameTaken({ kind: 'stack', name: stack.name });
    tx.run(insertStack, { id: stack.id, name: stack.name, createdAt: stack.createdAt });
    stack.components.forEach((each, position) => {
      tx.run(insertMember, { stackId: stack.id, componentId: existingComponent(tx, each).id, position });
    });
  });
}

export function stack(store: StoreDb, name: string): Promise<StackRecord | undefined> {
  return store.connection.read((tx) => {
    const row = tx.get(byName, { name });
    return row && stackRecord(tx, row);
  });
}

/** By name. */
export function stacks(store: StoreDb, query: StackQuery): Promise<Page<StackRecord>> {
  const { name = '', after } = query;
  const limit = limitOf(query);
  return store.connection.read((tx) => {
    const last = after === undefined ? '' : (decodeCursor('stack', after)[0] as string);
    const rows = tx.all(stackList, { name, last, limit: limit + 1 });
    return pageOf(
      rows,
      limit,
      (row) => stackRecord(tx, row),
      (row) => encodeCursor('stack', [row.name]),
    );
  });
}

export function deleteStack(store: StoreDb, name: string): Promise<void> {
  return store.connection.write((tx) => {
    if (tx.run(removeStack, { name }) === 0) throw new UnknownStack({ name, known: tx.all(names, {}).map((each) => each.name) });
  });
}

export function stackRecord(tx: Transaction, { id, name, created_at: createdAt }: Tables['stacks']): StackRecord {
  return { id, name, components: tx.all(members, { stackId: id }).map(componentRecord), createdAt };
}
