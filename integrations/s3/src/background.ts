/** Work that goes on when who began it does not wait for it; the store does, when it is closed. */
export class Background {
  readonly #running = new Set<Promise<void>>();

  /** The work must not reject. */
  add(work: Promise<void>): void {
    const done = work.finally(() => this.#running.delete(done));
    this.#running.add(done);
  }

  async done(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
