import { addComponent } from './components.ts';
import { putFlavors } from './flavors.ts';
import type { StackWithParts } from './stack-data.ts';
import { addStack } from './stacks.ts';
import type { StoreDb } from './store-db.ts';

/** In one transaction. Throws NameTaken, UnknownComponent. */
export function importStack(store: StoreDb, { flavors, components, stack }: StackWithParts): Promise<void> {
  return store.connection.write((tx) => {
    putFlavors(tx, flavors);
    for (const component of components) addComponent(tx, component);
    addStack(tx, stack);
  });
}
