import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ComponentContext, ComponentType, ComponentTypes, DefinedFlavor } from '@mortise/core';

/** A place of its own for each test, and components that share it. */
export interface TemporaryBackend<Component> {
  /** The project root and scratch folder of the components. */
  folder: string;
  /** A component, as a process of its own would make it. */
  create(): Promise<Component>;
  remove(): void;
}

/** Makes backends of a flavor that needs nothing but a folder. `config` may depend on the folder. */
export function temporaryBackend<T extends ComponentType, Component extends ComponentTypes[T]>(
  flavor: DefinedFlavor<T, Component>,
  config: (folder: string) => unknown = () => ({}),
): () => Promise<TemporaryBackend<Component>> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mortise-testkit-'));
    const quiet = (): void => undefined;
    const context: ComponentContext = {
      config: config(folder),
      name: flavor.name,
      log: { debug: quiet, info: quiet, warn: quiet },
      fetch,
      scratch: join(folder, 'scratch'),
      projectRoot: folder,
    };
    const { create } = await flavor.load();
    return { folder, create: () => create(context), remove: () => rmSync(folder, { recursive: true, force: true }) };
  };
}
