import { FlavorInUse, FlavorNameTaken, UnknownFlavor } from '../errors.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { FlavorDescriptor, FlavorProblem, StoredFlavor } from '../stack/flavor.ts';
import { type Param, type RowOf, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

type Named = { type: ComponentType; name: string };

const putFlavor = statement((db, p: Param<Omit<Tables['flavors'], 'problem'>>) =>
  db
    .insertInto('flavors')
    .values({ type: p('type'), name: p('name'), source: p('source'), version: p('version'), descriptor: p('descriptor'), problem: null })
    .onConflict((conflict) =>
      conflict.columns(['type', 'name']).doUpdateSet((eb) => ({
        source: eb.ref('excluded.source'),
        version: eb.ref('excluded.version'),
        descriptor: eb.ref('excluded.descriptor'),
        problem: null,
      })),
    ),
);
const sourceOf = statement((db, p: Param<Named>) =>
  db.selectFrom('flavors').select('source').where('type', '=', p('type')).where('name', '=', p('name')),
);
const everyFlavor = statement((db) => db.selectFrom('flavors').select(['descriptor', 'problem']).orderBy('type').orderBy('name'));
const flavorsOfType = statement((db, p: Param<{ type: ComponentType }>) =>
  db.selectFrom('flavors').select(['descriptor', 'problem']).where('type', '=', p('type')).orderBy('name'),
);
const putProblem = statement((db, p: Param<Named & { problem: string | null }>) =>
  db
    .updateTable('flavors')
    .set({ problem: p('problem') })
    .where('type', '=', p('type'))
    .where('name', '=', p('name')),
);
const componentsOf = statement((db, p: Param<Named>) =>
  db.selectFrom('components').select('name').where('type', '=', p('type')).where('flavor', '=', p('name')).orderBy('name').limit(1000),
);
const removeFlavor = statement((db, p: Param<Named>) =>
  db.deleteFrom('flavors').where('type', '=', p('type')).where('name', '=', p('name')),
);

export function saveFlavors(store: StoreDb, descriptors: readonly FlavorDescriptor[]): Promise<void> {
  return store.connection.write((tx) => putFlavors(tx, descriptors));
}

export function putFlavors(tx: Transaction, descriptors: readonly FlavorDescriptor[]): void {
  for (const each of descriptors) {
    tx.run(putFlavor, { type: each.type, name: each.name, source: each.source, version: each.version, descriptor: JSON.stringify(each) });
  }
}

export function addFlavor(store: StoreDb, descriptor: FlavorDescriptor): Promise<void> {
  return store.connection.write((tx) => addFlavors(tx, [descriptor]));
}

/** Throws FlavorNameTaken. */
export function addFlavors(tx: Transaction, descriptors: readonly FlavorDescriptor[]): void {
  for (const { type, name, source } of descriptors) {
    const holder = tx.get(sourceOf, { type, name });
    if (holder !== undefined) throw new FlavorNameTaken({ type, flavor: name, source, registered: holder.source });
  }
  putFlavors(tx, descriptors);
}

export function updateFlavor(store: StoreDb, descriptor: FlavorDescriptor): Promise<boolean> {
  return store.connection.write((tx) => {
    const isThere = tx.get(sourceOf, descriptor)?.source === descriptor.source;
    if (isThere) putFlavors(tx, [descriptor]);
    return isThere;
  });
}

/** Throws UnknownFlavor. */
export function requireFlavor(tx: Transaction, type: ComponentType, name: string): void {
  if (tx.get(sourceOf, { type, name }) !== undefined) return;
  throw new UnknownFlavor({ type, flavor: name, known: tx.all(flavorsOfType, { type }).map((row) => storedFlavor(row).name) });
}

/** By type, then name. */
export function flavors(store: StoreDb, type?: ComponentType): Promise<StoredFlavor[]> {
  return store.connection.read((tx) => (type === undefined ? tx.all(everyFlavor, {}) : tx.all(flavorsOfType, { type })).map(storedFlavor));
}

export function deleteFlavor(store: StoreDb, type: ComponentType, name: string): Promise<void> {
  return store.connection.write((tx) => {
    const known = tx.all(flavorsOfType, { type }).map((row) => storedFlavor(row).name);
    if (!known.includes(name)) throw new UnknownFlavor({ type, flavor: name, known });
    const components = tx.all(componentsOf, { type, name }).map((component) => component.name);
    if (components.length > 0) throw new FlavorInUse({ type, flavor: name, components });
    tx.run(removeFlavor, { type, name });
  });
}

export function noteFlavorProblem(store: StoreDb, type: ComponentType, name: string, problem: FlavorProblem | undefined): Promise<void> {
  return store.connection.write((tx) => {
    tx.run(putProblem, { type, name, problem: problem === undefined ? null : JSON.stringify(problem) });
  });
}

function storedFlavor({ descriptor, problem }: RowOf<typeof everyFlavor>): StoredFlavor {
  const described = JSON.parse(descriptor) as FlavorDescriptor;
  return problem === null ? described : { ...described, problem: JSON.parse(problem) as FlavorProblem };
}
