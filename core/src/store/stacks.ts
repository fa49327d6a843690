import { NameTaken, UnknownStack } from '../errors.ts';
import type { ComponentType } from '../stack/component-types.ts';
import { componentRecord, existingComponent } from './components.ts';
import type { Page, PageRequest, StackRecord } from './metadata-store.ts';
import { decodeCursor, encodeCursor, limitOf, pageOf } from './page.ts';
import { queries } from './sqlite-dialect.ts';
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
    return row && stackRecords(tx, [row])[0];
  });
}

/** By name. */
export function stacks(store: StoreDb, query: PageRequest & { name?: string }): Promise<Page<StackRecord>> {
  const limit = limitOf(query);
  return store.connection.read((tx) => {
    const { items, ...rest } = pageOf(
      tx.rows(stackList(query)),
      limit,
      (row) => row,
      (row) => encodeCursor('stack', [row.name]),
    );
    return { items: stackRecords(tx, items), ...rest };
  });
}

export function stackList(query: PageRequest & { name?: string }) {
  const { name, after } = query;
  let list = queries
    .selectFrom('stacks')
    .selectAll()
    .orderBy('name')
    .limit(limitOf(query) + 1);
  if (name !== undefined) list = list.where((eb) => eb(eb.fn<number>('instr', ['name', eb.val(name)]), '>', 0));
  if (after !== undefined) list = list.where('name', '>', decodeCursor('stack', after)[0] as string);
  return list;
}

export function deleteStack(store: StoreDb, name: string): Promise<void> {
  return store.connection.write((tx) => {
    if (tx.run(removeStack, { name }) === 0) throw new UnknownStack({ name, known: tx.all(names, {}).map((each) => each.name) });
  });
}

export function membersOf(stackIds: readonly string[]) {
  return queries
    .selectFrom('stack_components as m')
    .innerJoin('components as c', 'c.id', 'm.component_id')
    .selectAll('c')
    .select('m.stack_id')
    .where('m.stack_id', 'in', stackIds)
    .orderBy('m.stack_id')
    .orderBy('m.position');
}

function stackRecords(tx: Transaction, rows: readonly Tables['stacks'][]): StackRecord[] {
  if (rows.length === 0) return [];
  const members = Map.groupBy(tx.rows(membersOf(rows.map((row) => row.id))), (member) => member.stack_id);
  return rows.map(({ id, name, created_at: createdAt }) => ({
    id,
    name,
    components: (members.get(id) ?? []).map(componentRecord),
    createdAt,
  }));
}
