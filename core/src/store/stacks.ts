import { isDeepStrictEqual } from 'node:util';
import { ChangedMeanwhile, NameTaken, UnknownStack } from '../errors.ts';
import type { ExpressionBuilder, ExpressionWrapper, SqlBool } from 'kysely';
import { componentRecord, existingComponent } from './components.ts';
import { withLabels } from './labelled.ts';
import type { Page, StackQuery } from './queries.ts';
import type { Labels, NewStack, StackChange, StackRecord } from './stack-data.ts';
import { decodeCursor, encodeCursor, limitOf, pageOf } from './page.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

const byName = statement((db, p: Param<{ name: string }>) => db.selectFrom('stacks').selectAll().where('name', '=', p('name')));
const names = statement((db) => db.selectFrom('stacks').select('name').orderBy('name').limit(1000));
const insertStack = statement((db, p: Param<{ id: string; name: string; createdAt: number; labels: string }>) =>
  db.insertInto('stacks').values({ id: p('id'), name: p('name'), created_at: p('createdAt'), labels: p('labels'), updated_at: null }),
);
const changeStack = statement((db, p: Param<Omit<Tables['stacks'], 'created_at'>>) =>
  db
    .updateTable('stacks')
    .set({ name: p('name'), labels: p('labels'), updated_at: p('updated_at') })
    .where('id', '=', p('id')),
);
const removeMembers = statement((db, p: Param<{ stackId: string }>) =>
  db.deleteFrom('stack_components').where('stack_id', '=', p('stackId')),
);
const insertMember = statement((db, p: Param<{ stackId: string; componentId: string; position: number }>) =>
  db.insertInto('stack_components').values({ stack_id: p('stackId'), component_id: p('componentId'), position: p('position') }),
);
/** No name comes before ''; a component that is null is not asked for. */
const stackList = statement((db, p: Param<{ name: string; component: string | null; labels: string; last: string; limit: number }>) =>
  db
    .selectFrom('stacks')
    .selectAll()
    .where((eb) => eb(eb.fn<number>('instr', ['name', eb.val(p('name'))]), '>', 0))
    .where((eb) => eb.or([eb(eb.val(p('component')), 'is', null), hasComponent(eb, p('component')!)]))
    .where((eb) => withLabels(eb.ref('labels'), p('labels')))
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

/** Whether a stack of a query on `stacks` has a component of this name, of whatever type. */
export function hasComponent(eb: ExpressionBuilder<Tables, 'stacks'>, name: string): ExpressionWrapper<Tables, 'stacks', SqlBool> {
  return eb.exists(
    eb
      .selectFrom('stack_components as m')
      .innerJoin('components as c', 'c.id', 'm.component_id')
      .select('m.position')
      .whereRef('m.stack_id', '=', 'stacks.id')
      .where('c.name', '=', name),
  );
}

export function createStack(store: StoreDb, stack: NewStack): Promise<void> {
  return store.connection.write((tx) => addStack(tx, stack));
}

/** Throws NameTaken, UnknownComponent. */
export function addStack(tx: Transaction, stack: NewStack): void {
  const holder = tx.get(byName, { name: stack.name });
  if (holder?.id === stack.id) return;
  if (holder !== undefined) throw new NameTaken({ kind: 'stack', name: stack.name });
  const { id, name, createdAt, labels = {} } = stack;
  tx.run(insertStack, { id, name, createdAt, labels: JSON.stringify(labels) });
  insertMembers(tx, id, stack.components);
}

function insertMembers(tx: Transaction, stackId: string, components: NewStack['components']): void {
  components.forEach((each, position) => {
    tx.run(insertMember, { stackId, componentId: existingComponent(tx, each).id, position });
  });
}

export function updateStack(store: StoreDb, name: string, change: StackChange): Promise<void> {
  return store.connection.write((tx) => {
    const row = existingStack(tx, name);
    const { name: newName = name, components, labels, updatedAt, seen } = change;
    if (seen !== undefined && !isDeepStrictEqual(seen, stackRecord(tx, row))) throw new ChangedMeanwhile({ kind: 'stack', name });
    if (newName !== name && tx.get(byName, { name: newName }) !== undefined) throw new NameTaken({ kind: 'stack', name: newName });
    const texts = { name: newName, labels: labels === undefined ? row.labels : JSON.stringify(labels) };
    tx.run(changeStack, { id: row.id, ...texts, updated_at: updatedAt });
    if (components === undefined) return;
    tx.run(removeMembers, { stackId: row.id });
    insertMembers(tx, row.id, components);
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
  const { name = '', component = null, labels = {}, after } = query;
  const limit = limitOf(query);
  return store.connection.read((tx) => {
    const last = after === undefined ? '' : (decodeCursor('stack', after, 1)[0] as string);
    const rows = tx.all(stackList, { name, component, labels: JSON.stringify(labels), last, limit: limit + 1 });
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
    existingStack(tx, name);
    tx.run(removeStack, { name });
  });
}

function existingStack(tx: Transaction, name: string): Tables['stacks'] {
  const row = tx.get(byName, { name });
  if (row !== undefined) return row;
  throw new UnknownStack({ name, known: tx.all(names, {}).map((each) => each.name) });
}

export function stackRecord(tx: Transaction, row: Tables['stacks']): StackRecord {
  const { id, name, labels, created_at: createdAt, updated_at: updatedAt } = row;
  const components = tx.all(members, { stackId: id }).map(componentRecord);
  return { id, name, components, labels: JSON.parse(labels) as Labels, createdAt, ...(updatedAt !== null && { updatedAt }) };
}
