import { isDeepStrictEqual } from 'node:util';
import { ChangedMeanwhile, ComponentInUse, NameTaken, TrackerRunsWait, UnknownComponent } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ComponentType } from '../stack/component-types.ts';
import { dueOnes } from './due-tracker-runs.ts';
import { requireFlavor } from './flavors.ts';
import { withLabels } from './labelled.ts';
import type { ComponentQuery, Page } from './queries.ts';
import type { ComponentChange, ComponentRecord, Labels, NewComponentRecord } from './stack-data.ts';
import { decodeCursor, encodeCursor, limitOf, pageOf } from './page.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

type Row = Tables['components'];
type Named = { type: ComponentType; name: string };

const insertComponent = statement((db, p: Param<Row>) =>
  db.insertInto('components').values({
    id: p('id'),
    type: p('type'),
    name: p('name'),
    flavor: p('flavor'),
    config: p('config'),
    created_at: p('created_at'),
    labels: p('labels'),
    updated_at: p('updated_at'),
  }),
);
type Changed = Pick<Row, 'id' | 'name' | 'config' | 'labels' | 'updated_at'>;
const changeComponent = statement((db, p: Param<Changed>) =>
  db
    .updateTable('components')
    .set({ name: p('name'), config: p('config'), labels: p('labels'), updated_at: p('updated_at') })
    .where('id', '=', p('id')),
);
const byName = statement((db, p: Param<Named>) =>
  db.selectFrom('components').selectAll().where('type', '=', p('type')).where('name', '=', p('name')),
);
const namesOfType = statement((db, p: Param<{ type: ComponentType }>) =>
  db.selectFrom('components').select('name').where('type', '=', p('type')).orderBy('name').limit(1000),
);
const stacksWith = statement((db, p: Param<{ id: string }>) =>
  db
    .selectFrom('stack_components as c')
    .innerJoin('stacks as s', 's.id', 'c.stack_id')
    .select('s.name')
    .distinct()
    .where('c.component_id', '=', p('id'))
    .orderBy('s.name'),
);
/** What is null is not asked for; no type and no name comes before ''. */
interface ComponentList {
  type: ComponentType | null;
  flavor: string | null;
  name: string;
  labels: string;
  lastType: ComponentType | '';
  lastName: string;
  limit: number;
}
const componentList = statement((db, p: Param<ComponentList>) =>
  db
    .selectFrom('components')
    .selectAll()
    .where((eb) => eb('type', '=', eb.fn.coalesce(eb.val(p('type')), 'type')))
    .where((eb) => eb('flavor', '=', eb.fn.coalesce(eb.val(p('flavor')), 'flavor')))
    .where((eb) => eb(eb.fn<number>('instr', ['name', eb.val(p('name'))]), '>', 0))
    .where((eb) => withLabels(eb.ref('labels'), p('labels')))
    .where((eb) => eb(eb.refTuple('type', 'name'), '>', eb.tuple(p('lastType') as ComponentType, p('lastName'))))
    .orderBy('type')
    .orderBy('name')
    .limit(p('limit')),
);
const waiting = statement((db, p: Param<{ component: string }>) =>
  dueOnes(db)
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('t.component', '=', p('component')),
);
const removeComponent = statement((db, p: Param<{ id: string }>) => db.deleteFrom('components').where('id', '=', p('id')));

export function createComponent(store: StoreDb, component: NewComponentRecord): Promise<void> {
  return store.connection.write((tx) => addComponent(tx, component));
}

/** Throws NameTaken, UnknownFlavor. */
export function addComponent(tx: Transaction, component: NewComponentRecord): void {
  const holder = tx.get(byName, component);
  if (holder?.id === component.id) return;
  if (holder !== undefined) throw new NameTaken({ kind: component.type, name: component.name });
  requireFlavor(tx, component.type, component.flavor);
  const { id, type, name, flavor, config, createdAt, labels = {} } = component;
  const texts = { config: JSON.stringify(config), labels: JSON.stringify(labels) };
  tx.run(insertComponent, { id, type, name, flavor, ...texts, created_at: createdAt, updated_at: null });
}

export function updateComponent(store: StoreDb, type: ComponentType, name: string, change: ComponentChange): Promise<void> {
  return store.connection.write((tx) => {
    const row = existingComponent(tx, { type, name });
    const { name: newName = name, config, labels, updatedAt, seen } = change;
    if (seen !== undefined && !isDeepStrictEqual(seen, componentRecord(row))) throw new ChangedMeanwhile({ kind: type, name });
    if (newName !== name) {
      if (tx.get(byName, { type, name: newName }) !== undefined) throw new NameTaken({ kind: type, name: newName });
      refuseWaiting(tx, { type, name }, 'renamed');
    }
    tx.run(changeComponent, {
      id: row.id,
      name: newName,
      config: config === undefined ? row.config : JSON.stringify(config),
      labels: labels === undefined ? row.labels : JSON.stringify(labels),
      updated_at: updatedAt,
    });
  });
}

export function component(store: StoreDb, type: ComponentType, name: string): Promise<ComponentRecord | undefined> {
  return store.connection.read((tx) => {
    const row = tx.get(byName, { type, name });
    return row && componentRecord(row);
  });
}

/** By type, then name. */
export function components(store: StoreDb, query: ComponentQuery): Promise<Page<ComponentRecord>> {
  const { type = null, flavor = null, name = '', labels = {}, after } = query;
  const limit = limitOf(query);
  return store.connection.read((tx) => {
    const [lastType = '', lastName = ''] = after === undefined ? [] : (decodeCursor('component', after, 2) as [ComponentType, string]);
    const wanted = { type, flavor, name, labels: JSON.stringify(labels) };
    const rows = tx.all(componentList, { ...wanted, lastType, lastName, limit: limit + 1 });
    return pageOf(rows, limit, componentRecord, (row) => encodeCursor('component', [row.type, row.name]));
  });
}

export function deleteComponent(store: StoreDb, type: ComponentType, name: string): Promise<void> {
  return store.connection.write((tx) => {
    const { id } = existingComponent(tx, { type, name });
    const stacks = tx.all(stacksWith, { id }).map((stack) => stack.name);
    if (stacks.length > 0) throw new ComponentInUse({ type, name, stacks });
    refuseWaiting(tx, { type, name }, 'deleted');
    tx.run(removeComponent, { id });
  });
}

/** Throws `UnknownComponent`. */
export function existingComponent(tx: Transaction, { type, name }: Named): Row {
  const row = tx.get(byName, { type, name });
  if (row !== undefined) return row;
  throw new UnknownComponent({ type, name, known: tx.all(namesOfType, { type }).map((each) => each.name) });
}

export function componentRecord(row: Row): ComponentRecord {
  const { id, type, name, flavor, config, labels, created_at: createdAt, updated_at: updatedAt } = row;
  const parsed = { config: JSON.parse(config) as JsonObject, labels: JSON.parse(labels) as Labels };
  return { id, type, name, flavor, ...parsed, createdAt, ...(updatedAt !== null && { updatedAt }) };
}

/** What waits for an experiment tracker finds it, and the config it has by now, by its name. */
function refuseWaiting(tx: Transaction, { type, name }: Named, change: string): void {
  if (type !== 'experiment-tracker') return;
  const { n } = tx.get(waiting, { component: name })!;
  if (n > 0) throw new TrackerRunsWait({ name, trackerRuns: n, change });
}
