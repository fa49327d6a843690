import type { ArtifactStore } from '../../artifacts/artifact-store.ts';
import { loadValue } from '../../artifacts/load-value.ts';
import { fromTagged } from '../../artifacts/tagged-json.ts';
import { loadItems } from '../load-items.ts';
import type { StoredInput } from '../step-call.ts';

/** Loads what steps are given from the artifact store, in a process that has none of it in memory. */
export class StoredInputs {
  readonly #store: ArtifactStore;
  /** The array that items were last taken of: a mapped step takes one after the other. Each item is given away once, for it may be changed. */
  #items: { versionId: string; left: Map<number, unknown> } | undefined;

  constructor(store: ArtifactStore) {
    this.#store = store;
  }

  /** Throws as `loadValue` does. */
  async load(input: StoredInput): Promise<unknown> {
    if ('value' in input) return fromTagged(input.value);
    if ('list' in input)
      return loadItems(
        input.list.map((item) => ({ load: () => this.load(item) })),
        undefined,
      );
    return input.item === undefined ? loadValue(input.version, this.#store) : this.#item(input, input.item);
  }

  async #item({ version }: Extract<StoredInput, { version: unknown }>, index: number): Promise<unknown> {
    if (this.#items?.versionId !== version.id || !this.#items.left.has(index)) {
      const array = (await loadValue(version, this.#store)) as ArrayLike<unknown>;
      this.#items = { versionId: version.id, left: new Map(Array.from(array).entries()) };
    }
    const item = this.#items.left.get(index);
    this.#items.left.delete(index);
    return item;
  }
}
