import { addComponent } from './components.ts';
import { addFlavors, putFlavors } from './flavors.ts';
import type { StackWithParts } from './stack-data.ts';
import { addStack } from './stacks.ts';
import type { StoreDb } from './store-db.ts';

/** In one transaction. Throws NameTaken, FlavorNameTaken, UnknownFlavor, UnknownComponent. */
export function importStack(store: StoreDb, { flavors, force, components, stack }: StackWithParts): Promise<void> {
  return store.connection.write((tx) => {
    (force ? putFlavors : addFlavors)(tx, flavors);
    for (const component of components) addComponent(tx, component);
    addStack(tx, stack);
  });
}
