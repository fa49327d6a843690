import type { Transaction } from './transaction.ts';

const REMEMBERED = 10_000;

/** Ids of texts that are stored once and never change. Remembered in memory only once they are committed. */
export class Interned<Id extends string | number> {
  readonly #find: (tx: Transaction, text: string) => Id | undefined;
  readonly #insert: (tx: Transaction, text: string) => Id;
  readonly #known = new Map<string, Id>();

  constructor(find: (tx: Transaction, text: string) => Id | undefined, insert: (tx: Transaction, text: string) => Id) {
    this.#find = find;
    this.#insert = insert;
  }

  /** The id of `text`, which is stored if it is new. */
  id(tx: Transaction, text: string): Id {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const id = this.#find(tx, text) ?? this.#insert(tx, text);
    tx.afterCommit(() => {
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(text, id);
    });
    return id;
  }

  /** The id of `text` if it is stored. */
  find(tx: Transaction, text: string): Id | undefined {
    return this.#known.get(text) ?? this.#find(tx, text);
  }
}
