/** Stops one attempt. What waits for its work listens here and not at the signal, where one listener costs as much as a statement of the store. */
export class AttemptStop extends AbortController {
  #listener: (() => void) | undefined;

  override abort(reason?: unknown): void {
    super.abort(reason);
    this.#listener?.();
  }

  /** Has `listener` called, after those of the signal, when the attempt is stopped. One at a time; gives what ends that. */
  listen(listener: () => void): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = undefined;
    };
  }
}
