import { ComponentInUse, NameTaken, UnknownComponent } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { FlavorDescriptor } from '../stack/flavor.ts';
import type { ComponentQuery, ComponentRecord, Page } from './metadata-store.ts';
import { decodeCursor, encodeCursor, limitOf, pageOf } from './page.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

type Row = Tables['components'];
type Named = { type: ComponentType; name: string };

const putFlavor = statement((db, p: Param<Tables['flavors']>) =>
  db
    .insertInto('flavors')
    .values({ type: p('type'), name: p('name'), source: p('source'), version: p('version'), descriptor: p('descriptor') })
    .onConflict((conflict) =>
      conflict.columns(['type', 'name']).doUpdateSet((eb) => ({
        source: eb.ref('excluded.source'),
        version: eb.ref('excluded.version'),
        descriptor: eb.ref('excluded.descriptor'),
      })),
    ),
);
const insertComponent = statement((db, p: Param<Row>) =>
  db.insertInto('components').values({
    id: p('id'),
    type: p('type'),
    name: p('name'),
    flavor: p('flavor'),
    config: p('config'),
    created_at: p('created_at'),
  }),
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
    .where((eb) => eb(eb.refTuple('type', 'name'), '>', eb.tuple(p('lastType') as ComponentType, p('lastName'))))
    .orderBy('type')
    .orderBy('name')
    .limit(p('limit')),
);
const everyFlavor = statement((db) => db.selectFrom('flavors').select('descriptor').orderBy('type').orderBy('name'));
const flavorsOfType = statement((db, p: Param<{ type: ComponentType }>) =>
  db.selectFrom('flavors').select('descriptor').where('type', '=', p('type')).orderBy('name'),
);
const removeComponent = statement((db, p: Param<{ id: string }>) => db.deleteFrom('components').where('id', '=', p('id')));

export function saveFlavors(store: StoreDb, descriptors: readonly FlavorDescriptor[]): Promise<void> {
  return store.connection.write((tx) => {
    for (const each of descriptors) {
      tx.run(putFlavor, { type: each.type, name: each.name, source: each.source, version: each.version, descriptor: JSON.stringify(each) });
    }
  });
}

/** By type, then name. */
export function flavors(store: StoreDb, type?: ComponentType): Promise<FlavorDescriptor[]> {
  return store.connection.read((tx) => {
    const rows = type === undefined ? tx.all(everyFlavor, {}) : tx.all(flavorsOfType, { type });
    return rows.map((row) => JSON.parse(row.descriptor) as FlavorDescriptor);
  });
}

export function createComponent(store: StoreDb, component: ComponentRecord): Promise<void> {
  return store.connection.write((tx) => {
    const holder = tx.get(byName, component);
    if (holder?.id === component.id) return;
    if (holder !== undefined) throw new NameTaken({ kind: component.type, name: component.name });
    const { id, type, name, flavor, config, createdAt } = component;
    tx.run(insertComponent, { id, type, name, flavor, config: JSON.stringify(config), created_at: createdAt });
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
  const { type = null, flavor = null, name = '', after } = query;
  const limit = limitOf(query);
  return store.connection.read((tx) => {
    const [lastType = '', lastName = ''] = after === undefined ? [] : (decodeCursor('component', after) as [ComponentType, string]);
    const rows = tx.all(componentList, { type, flavor, name, lastType, lastName, limit: limit + 1 });
    return pageOf(rows, limit, componentRecord, (row) => encodeCursor('component', [row.type, row.name]));
  });
}

export function deleteComponent(store: StoreDb, type: ComponentType, name: string): Promise<void> {
  return store.connection.write((tx) => {
    const { id } = existingComponent(tx, { type, name });
    const stacks = tx.all(stacksWith, { id }).map((stack) => stack.name);
    if (stacks.length > 0) throw new ComponentInUse({ type, name, stacks });
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
  const { id, type, name, flavor, config, created_at: createdAt } = row;
  return { id, type, name, flavor, config: JSON.parse(config) as JsonObject, createdAt };
}
